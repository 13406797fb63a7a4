// Package nodes drives several built servers on one PostgreSQL from outside, under a load of
// devices and operators, while nodes, database and network fail, and checks afterwards what
// everybody was answered. It is the test of R-NODE-1 to R-NODE-11.
//
// TestFaults is the test, in faults_test.go; start reading there. Its parts: network_test.go and
// what is below it connect nodes, database and devices, and can cut or slow each link;
// cluster_test.go runs the nodes and the database; device_test.go and operator_test.go are the
// load; history_test.go records every request, model_test.go says which histories are possible, and
// end_test.go is what must hold at the end. TestUpgrade runs the program before this one and this
// one under the same load.
//
// The network is one of two. Proxies of the test on loopback work everywhere, without any rights,
// so CI uses them: a link that is cut forwards nothing, says nothing, and lets nobody see that a
// connection was closed. What they cannot show is what the kernel of each side notices by itself:
// packets without acknowledgement. So make nodes puts each node into a network namespace, behind a
// pair of TUN devices that the test forwards packets between, dropping or delaying them. That needs
// root, and no tc netem, which the kernels of small virtual machines lack.
package nodes
