/* The leadership protocol once more, small: for SPIN to walk through every order of events. See README.md here.
 *
 * Configurations of this one source, by -D: ELECTION (sessions and terms), with PAUSES, RESTORE, FAILSAFE or FENCING
 * (1 token, 2 if-match, 3 none) on top; PARTIAL, IDENTITY, ALLOTTED and STORM are small models of their own.
 * Every mend has a switch NO_<mend> that takes it out. scripts/check_model.py runs them all.
 *
 * TRACE lines are what the pure machine is replayed with (tests/leadership/test_traces.py): after each of them STATE
 * says for each node whether it may act, and by which epoch.
 */
#if defined(PARTIAL)
#include "partial.pml"
#elif defined(IDENTITY)
#include "identity.pml"
#elif defined(STORM)
#include "storm.pml"
#elif defined(ALLOTTED)
#include "allotted.pml"
#else
#include "zookeeper.pml"
#include "receiver.pml"
#include "failsafe.pml"
#include "node.pml"
#include "environment.pml"
#endif
