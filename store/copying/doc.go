// Package copying copies everything that a store has into another one, table by table, and checks
// that it arrived: every row is counted and digested as it is read, and once more as the target
// gives it back.
//
// It knows neither the tables nor the databases: the catalog of the embedded store says what the
// tables are, and sqlite and postgres read and fill them. Start with copying.go.
package copying
