// Package overview shows jobs and things to people: as tables that fit a terminal (R-CMD-157), and
// a single job as a view that is drawn again and again (R-CMD-158). It asks the server by the
// operations of the API.
//
// jobs.go and things.go ask and make rows, table.go draws them; view.go draws a job, watch.go asks
// for what it shows and listens to keys.
package overview
