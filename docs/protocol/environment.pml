/* What nobody decides: the network, the machines, time; and what operators order, at any moment. */

byte j;                             /* scratch of the clock, 0 between steps */

#define OTHER_SLOT(n) (2 * (n) + 1 - node[n].slot)

inline expire(s) {
  session[s].alive = false; session[s].age = 0; session[s].touched = false; session[s].touched_before = false;
  if :: node[s / 2].late == 1 + s -> node[s / 2].late = 0; node[s / 2].late_epoch = 0; node[s / 2].late_version = 0 :: else fi;
  if :: zk_owner == 1 + s -> master_is(NOBODY) :: else fi
}

inline restart(n) {                 /* the process dies, a new one takes its place; its session and requests live on */
  printf("TRACE restarted %d\n", n);
  if :: node[n].request == ACQUIRE && session[SLOT(n)].alive ->
          if :: node[n].late = 1 + SLOT(n); node[n].late_epoch = node[n].read_epoch;
                node[n].late_version = node[n].read_version; node[n].late_pause = node[n].read_pause
             :: true
          fi
     :: else
  fi;
  done(n); end_term(n);
  node[n].state = STANDBY; node[n].connected = false; node[n].frozen = false; node[n].deaf = false;
  node[n].stopping = false;
  node[n].hold = false; node[n].cooling = false; node[n].seen = false; node[n].known = 0; node[n].answered = 0; node[n].answered_before = 0;
  if :: session[SLOT(n)].alive -> node[n].slot = 1 - node[n].slot :: else fi;
  born(n)
}

inline step_down(n) {
  printf("TRACE steps_down %d\n", n);
  node[n].cooling = true;
  resign(n);
  node[n].by_order = (node[n].request == RELEASE)
}

inline stop(n) {
  node[n].stopping = true;
#ifdef NO_RESIGN_FIRST
  session[SLOT(n)].alive = false;   /* the session is closed, and only then does the term end */
  if :: zk_owner == 1 + SLOT(n) -> master_is(NOBODY) :: else fi
#else
  printf("TRACE stops %d\n", n);
  if :: CLAIMS(n) -> resign(n)
     :: else -> if :: node[n].state == ACQUIRING || node[n].request != NONE -> node[n].state = RESIGNING
                   :: else -> node[n].state = STOPPED
                fi
  fi
#endif
}

inline back() {                     /* ZooKeeper is back: its leader grants every session its whole time-out again */
  down = false;
  j = 0;
  do :: j < SLOTS -> session[j].age = 0; j++ :: else -> break od;
  j = 0
}

#ifdef RESTORE
inline take_copy() {
  copy.taken = true; copy.owner = zk_owner; copy.epoch = zk_epoch; copy.version = zk_version; copy.term = zk_term;
  j = 0;
  do :: j < SLOTS -> copy.alive[j] = session[j].alive; j++ :: else -> break od;
  j = 0
}

inline restore() {                  /* history forks: numbers are given again that were given already */
  zk_owner = copy.owner; zk_epoch = copy.epoch; zk_version = copy.version; zk_term = copy.term;
  j = 0;
  do :: j < SLOTS -> session[j].alive = copy.alive[j]; session[j].age = 0; j++ :: else -> break od;
  j = 0;
  do :: j < N -> node[j].late = 0; if :: node[j].connected && node[j].state != STOPPED -> cut(j) :: else fi; j++
     :: else -> break
  od;
  j = 0;
  copy.owner = 0; copy.epoch = 0; copy.version = 0; copy.term = 0
}
#endif

#define AT_EASE(n) (node[n].frozen || node[n].state == STOPPED || !node[n].connected || \
                    (node[n].request == NONE && (node[n].seen || node[n].state != STANDBY) && session[SLOT(n)].alive))
#define OVERDUE(s) (session[s].alive && session[s].age > SESSION)
#define TIME_CAN_PASS (AT_EASE(0) && AT_EASE(1) && AT_EASE(2) && !OVERDUE(0) && !OVERDUE(1) && !OVERDUE(2) && \
                       !OVERDUE(3) && !OVERDUE(4) && !OVERDUE(5))

#define PINGS(s) (node[(s) / 2].slot == (s) % 2 && node[(s) / 2].connected && !node[(s) / 2].frozen && \
                  node[(s) / 2].state != STOPPED)

inline sessions_age() {
  j = 0;
  do :: j < SLOTS ->
          if :: session[j].alive && !down ->
                  if :: session[j].touched_before && session[j].age > 1 -> session[j].age = 2
                     :: else -> if :: session[j].age <= SESSION -> session[j].age++ :: else fi
                  fi;
                  session[j].touched_before = session[j].touched || PINGS(j);
                  session[j].touched = false
             :: else
          fi;
          j++
     :: else -> break
  od;
  j = 0
}

inline clock_advances(n) {
  if :: node[n].answered_before != 0 && node[n].answered_before <= node[n].known ->
          node[n].known = node[n].answered_before
     :: else -> if :: node[n].known < SESSION -> node[n].known++ :: else fi
  fi;
  node[n].answered_before = (node[n].answered == 0 -> 0 : node[n].answered + 1);
  node[n].answered = 0;
  if :: node[n].lease > 0 -> node[n].lease-- :: else fi;
  if :: node[n].request != NONE ->
          if :: node[n].sent < SESSION -> node[n].sent++ :: else fi;
          if :: node[n].lasts > 0 -> node[n].lasts-- :: else fi
     :: else
  fi;
  node[n].hold = false;
  node[n].seen = (node[n].state != STANDBY);
  if :: node[n].state == STANDBY && node[n].connected && !node[n].frozen && node[n].request == NONE &&
        session[SLOT(n)].alive && NOTHING_NEW(n) -> observe(n)
     :: else
  fi;
  if :: node[n].vacant_since == 1 -> node[n].vacant_since = 2 :: else fi;
  pushes_tick(n);
  promises_tick(n)
}

inline tick() {
  printf("TRACE tick\n");
#if defined(WALK) && defined(FAILSAFE)
  outage = (down -> outage + 1 : 0);
#endif
  sessions_age();
  j = 0;
  do :: j < N -> clock_advances(j); j++ :: else -> break od;
  j = 0;
  do :: j < N -> if :: !node[j].frozen -> wake(j) :: else fi; j++ :: else -> break od;
  j = 0;
  if :: quiet ->
          still++;
          assert(still <= BOUND);
          served = SERVED(0) || SERVED(1) || SERVED(2)
     :: else
  fi
}

proctype Clock() {
  do
  :: atomic { !quiet && !served && TIME_CAN_PASS && !PROMISES_COMING -> tick(); check() }
  :: atomic { quiet && !served && timeout -> tick(); check() }
  od
}

proctype SessionAt(byte s) {        /* it may end from the instant on at which its time is over */
  do :: atomic { !served && session[s].alive && session[s].age >= SESSION && !down -> expire(s); check() } od
}

proctype Trouble(byte n) {          /* of one node */
  do
  :: atomic { NODE_FAULT && node[n].connected && node[n].state != STOPPED && !node[n].frozen ->
              faults--; cut(n); check() }
  :: atomic { NODE_FAULT && !node[n].frozen && node[n].state != STOPPED -> faults--; node[n].frozen = true; printf("TRACE frozen %d\n", n);
              if :: session[SLOT(n)].touched = false; session[SLOT(n)].touched_before = false;
                    node[n].deaf = node[n].connected            /* its line is dead, too */
                 :: true
              fi;
              check() }
  :: atomic { !served && node[n].frozen -> node[n].frozen = false; printf("TRACE thawed %d\n", n); wake(n);
              if :: node[n].deaf && node[n].connected -> cut(n) :: else fi;
              node[n].deaf = false; check() }
  :: atomic { NODE_FAULT && !session[OTHER_SLOT(n)].alive && node[n].late == 0 -> faults--; restart(n); check() }
  :: atomic { !served && node[n].late != 0 && !down && TERM_LEFT ->
              if :: apply_late(n) :: true fi;
              node[n].late = 0; node[n].late_epoch = 0; node[n].late_version = 0; node[n].late_pause = 0; check() }
  :: atomic { ORDER && CLAIMS(n) && !node[n].frozen && !node[n].stopping && !PAUSED &&
              node[n].state != PROMISED ->
              orders--; step_down(n); check() }
#ifdef STOPS
  :: atomic { ORDER && !node[n].frozen && !node[n].stopping && node[n].state != STOPPED ->
              orders--; stop(n); check() }
#endif
  od
}

#include "peers.pml"

proctype Weather() {                /* of everybody */
  do
#ifndef WALK
  :: atomic { !quiet && !served -> quiet = true; damaged = false; if :: down -> back() :: else fi;
              check() } -> break
#else
  :: served
#endif
#ifdef DAMAGE
  :: atomic { FAULT && !damaged -> faults--; damaged = true }
  :: atomic { damaged -> damaged = false }
#endif
#ifdef PAUSES
  :: atomic { ORDER && !zk_paused && PAUSE_POSSIBLE ->
              orders--; zk_paused = true; zk_pause_version++; printf("TRACE paused\n"); check() }
#endif
#ifdef RESTORE
  :: atomic { !quiet && !served && !copy.taken -> take_copy() }
  :: atomic { FAULT && copy.taken -> faults--; restore(); check() }
#endif
#ifdef FAILSAFE
  :: atomic { FAULT && !down -> faults--; down = true; if :: node[0].connected -> cut(0) :: else fi;
              if :: node[1].connected -> cut(1) :: else fi; if :: node[2].connected -> cut(2) :: else fi; check() }
  :: atomic { down && !served && OUTAGE_IS_LONG -> back(); check() }
  :: atomic { NODE_FAULT && misled == N -> faults--; if :: misled = 0 :: misled = 1 :: misled = 2 fi }
#endif
  od
}

init {
  atomic {
    reconnect(0); reconnect(1); reconnect(2);           /* all are there, and the first one is master */
    observe(0); apply(0); answer(0); observe(1); observe(2); STATE;
    run Clock(); run Weather();
    run NodeAt(0); run NodeAt(1); run NodeAt(2);
    run Trouble(0); run Trouble(1); run Trouble(2);
#ifdef FAILSAFE
    run Peers(0); run Peers(1); run Peers(2);
#endif
    run SessionAt(0); run SessionAt(1); run SessionAt(2); run SessionAt(3); run SessionAt(4); run SessionAt(5)
  }
}
