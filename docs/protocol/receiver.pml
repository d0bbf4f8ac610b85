/* Pushes and the receiver, by its kind: 1 checks tokens, 2 takes conditional writes, 3 checks nothing.
 *
 * A push begun in an instant has ended, or was given up, before the next one: its budget is shorter than the lease left.
 * What was given up may arrive later, at any time; with fencing `none` only in the same instant, because the connection
 * is reset then. `accept` knows the true order of terms, which no receiver does, and asserts it.
 */
#ifndef FENCING
#define begin_pushing(n) skip
#define end_pushing(n) skip
#define pushes_tick(n) skip
#define SERVED(n) MAY_ACT(n)
#else
#define SEQUENCES 2

typedef Push { byte state; byte epoch; byte term; byte sequence; byte etag }
#define IN_FLIGHT 1
#define TAKEN 2                     /* its answer is on its way */
#define NOT_TAKEN 3
#define CHECKED 4                   /* the lease was looked at, and nothing was sent yet */

typedef Pusher { byte sequence; bool pushed; byte hold_off; byte etag }
Push push[N];
Push stray[N];                      /* given up by its sender */
Pusher pusher[N];
bool taken[N];                      /* a push of it was taken in this instant */

byte mark_epoch, mark_sequence;     /* newest accepted push */
byte last_term, last_sequence;      /* the same in the true order of terms */
byte state_version;                 /* if-match: one more with every write */

#define SERVED(n) (taken[n] || (MAY_ACT(n) && pusher[n].sequence == SEQUENCES))
#define NEWER(p) (p.epoch > mark_epoch || (p.epoch == mark_epoch && p.sequence > mark_sequence))

#if FENCING == 1
#define TAKES(p) NEWER(p)
#endif
#if FENCING == 2
#ifdef NO_CONDITION
#define TAKES(p) true
#else
#define TAKES(p) (p.etag == state_version + 1)
#endif
#endif
#if FENCING == 3
#define TAKES(p) true
#endif

inline clear(p) { p.state = 0; p.epoch = 0; p.term = 0; p.sequence = 0; p.etag = 0 }

inline accept(p) {
  assert(p.term > last_term || (p.term == last_term && p.sequence > last_sequence));    /* never out of order */
  last_term = p.term; last_sequence = p.sequence;
  mark_epoch = p.epoch; mark_sequence = p.sequence;
#if FENCING == 2
  state_version++
#endif
}

inline begin_pushing(n) {
  pusher[n].sequence = 0; pusher[n].etag = 0; pusher[n].pushed = false;
#if FENCING == 3 && !defined(NO_HOLD_OFF)
  pusher[n].hold_off = 1
#endif
}

inline give_up(n) {                 /* without an answer: it may arrive all the same */
  if :: push[n].state == IN_FLIGHT && stray[n].state == 0 ->
          stray[n].state = IN_FLIGHT; stray[n].epoch = push[n].epoch; stray[n].term = push[n].term;
          stray[n].sequence = push[n].sequence; stray[n].etag = push[n].etag
     :: else
  fi;
#ifdef NO_DEADLINE
  if :: push[n].state == CHECKED -> skip :: else -> clear(push[n]) fi
#else
  clear(push[n])
#endif
}

inline end_pushing(n) {
  give_up(n);
  pusher[n].sequence = 0; pusher[n].etag = 0; pusher[n].pushed = false; pusher[n].hold_off = 0
}

inline pushes_tick(n) {
  if :: push[n].state == IN_FLIGHT || !node[n].frozen -> give_up(n) :: else fi;
  pusher[n].pushed = false;
  if :: !quiet -> taken[n] = false :: else fi;
  if :: pusher[n].hold_off > 0 -> pusher[n].hold_off-- :: else fi;
#if FENCING == 3 && !defined(NO_RESET)
  clear(stray[n])                   /* the kernel has thrown away what it held */
#endif
}

#endif
