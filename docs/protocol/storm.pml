/* A receiver that refuses every term, without a mark: how many epochs three nodes use up in 40 instants of 0.1 s. */
#define N 3
byte wait[N], pause[N];
byte terms, now;

inline fenced(n) {
  terms++;
  pause[n] = (pause[n] == 0 -> 1 : (pause[n] >= 16 -> 32 : 2 * pause[n]));
#ifdef NO_BACKOFF
  pause[n] = 1;
#endif
  wait[n] = pause[n]
}
active proctype World() {
  do
  :: atomic { now < 40 && wait[0] == 0 -> fenced(0) }
  :: atomic { now < 40 && wait[1] == 0 -> fenced(1) }
  :: atomic { now < 40 && wait[2] == 0 -> fenced(2) }
  :: atomic { now < 40 && wait[0] > 0 && wait[1] > 0 && wait[2] > 0 -> 
              now++; wait[0]--; wait[1]--; wait[2]-- }
  :: now == 40 -> break
  od;
  assert(terms <= 18)
}
