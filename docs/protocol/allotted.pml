/* What a successor believes to be out when its predecessor was lost: never less than what the receiver has taken. */
#define PUSHES 3
byte shared, taken, sent;           /* what the standbys were told, the receiver took, the master sent: in sum */
bool lost, in_flight;

proctype Master() {
  do
  :: atomic { !lost && !in_flight && sent < PUSHES ->
#ifndef NO_SHARED_FIRST
              shared = sent + 1;                        /* allotted, outcome unknown */
#endif
              sent++; in_flight = true }
  :: atomic { !lost && in_flight && taken == sent -> in_flight = false; shared = sent }
  :: lost -> break
  od
}
active proctype Receiver() { do :: in_flight && taken < sent -> taken = sent :: lost && !in_flight -> break od }
active proctype Loss() { lost = true; assert(shared >= taken) }
init { run Master() }
