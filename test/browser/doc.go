// Package browser tests the console in a browser, as people use it: Chromium, without a window, on
// pages of the built binary.
//
// newTab opens a tab; its methods find elements by role and name, as a screen reader does, click
// and type as a hand does, and wait until the page shows what the test wants to see. Whatever a
// page must never do fails its test without being asked for: faults_test.go has the list.
// tab.inspect takes a page through both themes and all widths. Screenshots of each are in
// .tools/screenshots, or in the folder that DROVER_SCREENSHOTS names.
//
// `make setup` installs what the tests need.
package browser
