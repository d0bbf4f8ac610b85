/* One node: cluster/election/state_machine.py, event for event, and what its driver does for it. */

#define NONE 0                      /* requests: on their way, or applied with the answer on its way */
#define ACQUIRE 1
#define ACQUIRED 2
#define NOT_ACQUIRED 3
#define PROVE 4
#define PROVED 5
#define REFUSED 6
#define RELEASE 7
#define RELEASED 8
#define RAISED 9                    /* the step ended by an exception nobody expected */

typedef Node {
  byte state;
  bool connected;                   /* as the node believes */
  bool frozen;                      /* the process stands still; clocks go on */
  bool deaf;                        /* and its line is dead */
  bool stopping;
  bit slot;                         /* which of its sessions is that of this process */
  byte lease;                       /* instants left, by its clock */
  byte epoch;                       /* the claim: 0 while there is none */
  byte version;
  byte term;
  byte known;                       /* age of the newest request the leader surely knows of */
  byte answered;                    /* 1 + age of a request answered in this instant, 0: none */
  byte answered_before;             /* and of one answered in the previous instant */
  byte request;
  byte sent;                        /* age of the request */
  byte lasts;                       /* the lease it would give */
  byte read_epoch;                  /* what was read before it was sent, later what it has written */
  byte read_version;
  byte read_term;
  byte read_pause;
  bool by_order;                    /* the release is that of a step-down: not while paused */
  byte late;                        /* 1 + slot of an acquisition given up that may still take effect */
  byte late_epoch;
  byte late_version;
  byte late_pause;
  bool seen;                        /* has looked at the master in this instant */
  bool vacant;                      /* and found none, and has not used that yet */
  bool hold;                        /* not before the next instant */
  bool cooling;                     /* has stepped down: the others come first */
  byte vacant_since                 /* 0: not known to be vacant, 1: since this instant, 2: longer */
}
Node node[N];

#define CLAIMS(n) (node[n].epoch != 0)
#ifdef NO_SUSPENSION
#define MAY_ACT(n) (CLAIMS(n) && node[n].lease > 0)
#else
#define MAY_ACT(n) (CLAIMS(n) && node[n].lease > 0 && \
                    ((node[n].state == SERVING && node[n].connected) || node[n].state == PROMISED))
#endif
#define ACTS(n) (MAY_ACT(n) -> node[n].epoch : 0)

#define STATE printf("TRACE state %d %d %d %d %d %d\n", node[0].epoch, node[1].epoch, node[2].epoch, \
                     ACTS(0), ACTS(1), ACTS(2))

byte i;                             /* scratch, 0 between steps */

inline check() {
#ifndef RESTORE
  assert(!(MAY_ACT(0) && MAY_ACT(1)) && !(MAY_ACT(0) && MAY_ACT(2)) && !(MAY_ACT(1) && MAY_ACT(2)))
#endif
  STATE
}

#define NOTHING_NEW(n) (zk_owner != NOBODY && zk_owner != 1 + SLOT(n))

inline master_is(owner) {           /* /master has changed: whoever watches looks again, unless it finds a master */
  zk_owner = owner;
  i = 0;
  do :: i < N -> if :: NOTHING_NEW(i) -> skip :: else -> node[i].seen = false fi; i++ :: else -> break od;
  i = 0
}

inline forget_vacancy(n) { node[n].vacant = false; node[n].vacant_since = 0 }

inline sends(n, what) {
  node[n].request = what;
  node[n].sent = 0;
  node[n].lasts = LEASE;
#if !defined(NO_TOUCHES) && !defined(NO_LEASE_MARGIN)
  if :: node[n].lasts + node[n].known > TOUCH_LASTS -> node[n].lasts = TOUCH_LASTS - node[n].known :: else fi
#endif
}

inline done(n) {
  node[n].by_order = false;
  node[n].request = NONE; node[n].sent = 0; node[n].lasts = 0;
  node[n].read_epoch = 0; node[n].read_version = 0; node[n].read_term = 0; node[n].read_pause = 0
}

inline note_answer(n) {
  if :: node[n].answered == 0 || node[n].sent + 1 < node[n].answered -> node[n].answered = node[n].sent + 1
     :: else fi
}

inline end_term(n) {
  node[n].epoch = 0; node[n].version = 0; node[n].term = 0; node[n].lease = 0;
  forget_vacancy(n);
  end_pushing(n)
}

inline resign(n) {                  /* _resign: release while connected; otherwise a ghost is left, and found */
  if :: node[n].connected ->
          done(n);
          node[n].state = RESIGNING;
          sends(n, RELEASE);
          node[n].read_version = node[n].version; node[n].read_term = node[n].term
     :: else -> node[n].state = (node[n].stopping -> STOPPED : STANDBY)
  fi;
  end_term(n)
}

#if defined(NO_TOUCHES) || defined(NO_LEASE_MARGIN)
#define WORTHWHILE(n) true
#else
#define WORTHWHILE(n) (TOUCH_LASTS > 1 + node[n].known)         /* the lease outlives its first proof */
#endif
#define WILLING(n) (WORTHWHILE(n) && node[n].state == STANDBY && node[n].connected && !node[n].stopping && node[n].vacant && \
                    node[n].request == NONE && !node[n].hold && !PAUSED && \
                    !(node[n].cooling && node[n].vacant_since == 1))

inline contend(n) {                 /* _follow_up: an attempt begins with reading everything that may forbid it */
  if :: WILLING(n) ->
          node[n].state = ACQUIRING; node[n].vacant = false;
          sends(n, ACQUIRE);
          TRACE_ATTEMPT(n);
          if :: damaged -> node[n].request = RAISED
             :: else ->
                  if :: zk_owner != NOBODY || NOT_ADMITTED(n) -> node[n].request = NOT_ACQUIRED
                     :: else ->
                          node[n].read_epoch = zk_epoch; node[n].read_version = zk_version;
                          node[n].read_pause = zk_pause_version; read_list(n)
                  fi
          fi
     :: else
  fi
}

inline wake(n) {                    /* Tick: the lease is over, a proof is due, or a wait */
  if :: CLAIMS(n) && node[n].lease == 0 -> resign(n)
     :: CLAIMS(n) && node[n].lease > 0 && node[n].connected && node[n].request == NONE -> sends(n, PROVE)
     :: CLAIMS(n) && node[n].lease > 0 && !node[n].connected -> ask_promises(n)
     :: !CLAIMS(n) -> contend(n)
     :: else
  fi
}

inline observe(n) {                 /* ReadMaster, and its answer at once */
  node[n].seen = true;
  node[n].answered = 1;
  session[SLOT(n)].touched = true;
  printf("TRACE observed %d %d %d\n", n, (zk_owner == 0 -> 0 : (zk_owner == 1 + SLOT(n) -> 1 : 2)), zk_epoch);
  if :: zk_owner == NOBODY ->
          node[n].vacant = true;
          if :: node[n].vacant_since == 0 -> node[n].vacant_since = 1 :: else fi;
          contend(n)
     :: else ->
          node[n].vacant = false; node[n].vacant_since = 0; hears(n, zk_epoch);
#ifndef NO_GHOST
          if :: zk_owner == 1 + SLOT(n) && node[n].state == STANDBY && node[n].request == NONE ->
                  sends(n, RELEASE);
                  node[n].read_version = zk_version; node[n].read_term = zk_term
             :: else
          fi
#endif
  fi
}

/* --- what ZooKeeper does with a request ------------------------------------------------------------------------- */

inline apply(n) {
  session[SLOT(n)].touched = true;
  if :: node[n].request == ACQUIRE ->
          if :: zk_owner == NOBODY && zk_version == node[n].read_version && PAUSE_UNCHANGED(node[n].read_pause) &&
                LIST_UNCHANGED(n) ->
                  terms++;
                  zk_epoch = node[n].read_epoch + 1; zk_version++; zk_term = terms;
                  write_list(n);
                  master_is(1 + SLOT(n));
                  node[n].read_epoch = zk_epoch; node[n].read_version = zk_version; node[n].read_term = zk_term;
                  node[n].request = ACQUIRED
             :: else -> node[n].request = NOT_ACQUIRED
          fi
     :: node[n].request == PROVE ->
          if :: zk_owner != NOBODY && zk_version == node[n].version && SAME_TERM(node[n].term) ->
                  assert(zk_term == node[n].term);      /* who is confirmed is the master */
                  node[n].request = PROVED
             :: else -> node[n].request = REFUSED
          fi
     :: node[n].request == RELEASE ->
          if :: zk_owner != NOBODY && zk_version == node[n].read_version && SAME_TERM(node[n].read_term) &&
                RELEASE_ALLOWED(n) ->
                  assert(zk_term == node[n].read_term);
                  released(n);
                  master_is(NOBODY);
                  node[n].request = RELEASED
             :: zk_owner == 1 + SLOT(n) && !RELEASE_ALLOWED(n) ->       /* nobody could take over: a new term of its own */
                  terms++;
                  zk_epoch++; zk_version++; zk_term = terms;
                  node[n].read_epoch = zk_epoch; node[n].read_version = zk_version; node[n].read_term = zk_term;
                  node[n].request = ACQUIRED
             :: else -> node[n].request = RELEASED
          fi
  fi
}

inline apply_late(n) {              /* an acquisition that was given up takes effect */
  if :: zk_owner == NOBODY && zk_version == node[n].late_version && PAUSE_UNCHANGED(node[n].late_pause) ->
          terms++;
          zk_epoch = node[n].late_epoch + 1; zk_version++; zk_term = terms;
          write_list(n);
          master_is(node[n].late)
     :: else
  fi
}

/* --- answers ----------------------------------------------------------------------------------------------------- */

inline failed(n) {                  /* AcquisitionFailed: look before anything else */
  node[n].state = (node[n].stopping -> STOPPED : STANDBY);
  node[n].hold = true; node[n].seen = false;
  done(n)
}

inline answer(n) {
  printf("TRACE answered %d %d %d %d %d\n", n, node[n].request, node[n].sent, node[n].read_epoch, node[n].read_version);
  if :: node[n].request == ACQUIRED ->
          note_answer(n);
          if :: node[n].lasts == 0 || node[n].stopping ->       /* too late: give it back */
                  node[n].state = (node[n].stopping -> RESIGNING : STANDBY);
                  node[n].hold = true;
                  sends(n, RELEASE)
             :: else ->
                  node[n].state = SERVING; node[n].seen = true; node[n].lease = node[n].lasts;
                  node[n].epoch = node[n].read_epoch; node[n].version = node[n].read_version;
                  node[n].term = node[n].read_term; hears(n, node[n].epoch);
                  done(n);
                  begin_pushing(n)
          fi
     :: node[n].request == NOT_ACQUIRED -> failed(n)
     :: node[n].request == RAISED ->
#ifdef NO_OUTCOME
          done(n)                   /* nothing is posted: it stays acquiring */
#else
          failed(n)
#endif
     :: node[n].request == PROVED ->
          note_answer(n);
          if :: node[n].lasts > node[n].lease -> node[n].lease = node[n].lasts :: else fi;
          node[n].state = SERVING;
          done(n)
     :: node[n].request == REFUSED ->
          node[n].state = STANDBY; node[n].hold = true; node[n].seen = false;
          done(n);
          end_term(n)
     :: node[n].request == RELEASED ->
          node[n].state = (node[n].stopping -> STOPPED : STANDBY); node[n].seen = false;
          done(n)
  fi
}

#define UNAPPLIED(n) (node[n].request == ACQUIRE || node[n].request == PROVE || node[n].request == RELEASE)
#define UNANSWERED(n) (node[n].request != NONE && !UNAPPLIED(n))

/* --- connections -------------------------------------------------------------------------------------------- */

inline cut(n) {                     /* the connection is gone: what was asked for fails, and may take effect all the same */
  printf("TRACE cut %d %d\n", n, node[n].request);
  if :: node[n].request == ACQUIRE && node[n].late == 0 && session[SLOT(n)].alive ->
          if :: node[n].late = 1 + SLOT(n); node[n].late_epoch = node[n].read_epoch;
                node[n].late_version = node[n].read_version; node[n].late_pause = node[n].read_pause
             :: true
          fi
     :: else
  fi;
  if :: node[n].state == ACQUIRING || node[n].state == RESIGNING ->
#ifdef NO_OUTCOME
          if :: node[n].request == NONE || node[n].request == RAISED -> skip
             :: else -> node[n].state = (node[n].stopping -> STOPPED : STANDBY); node[n].hold = true
          fi
#else
          node[n].hold = node[n].hold || (node[n].state == ACQUIRING);
          node[n].state = (node[n].stopping -> STOPPED : STANDBY)
#endif
     :: node[n].state == SERVING -> node[n].state = SUSPENDED
     :: else
  fi;
  node[n].connected = false;
  session[SLOT(n)].touched = false; session[SLOT(n)].touched_before = false;    /* never reported */
  forget_vacancy(n);
  done(n);
  if :: CLAIMS(n) -> ask_promises(n) :: else fi
}

inline reconnect(n) {
  node[n].connected = true; node[n].known = 0; node[n].answered = 0; node[n].answered_before = 0; node[n].seen = false;
  if :: session[SLOT(n)].alive -> 
          printf("TRACE connected %d same\n", n);
          if :: CLAIMS(n) -> 
                  if :: node[n].state == PROMISED -> skip :: else -> node[n].state = SUSPENDED fi;
                  sends(n, PROVE)
             :: else
          fi
     :: else ->
          printf("TRACE connected %d new\n", n);
          session[SLOT(n)].alive = true;
          if :: node[n].late == 1 + SLOT(n) -> node[n].late = 0 :: else fi;
          if :: CLAIMS(n) -> end_term(n) :: else fi;
          node[n].state = (node[n].stopping -> STOPPED : STANDBY);
          done(n)
  fi;
  session[SLOT(n)].age = 0; session[SLOT(n)].touched = false; session[SLOT(n)].touched_before = false
}

#include "pushing.pml"

#ifdef NO_RESIGN_FIRST
#define CUT_BY_SERVER(n) !node[n].stopping
#else
#define CUT_BY_SERVER(n) true
#endif

proctype NodeAt(byte n) {
  do
#ifdef FENCING
  RECEIVER(n)
#endif
  :: atomic { !served && UNAPPLIED(n) && node[n].connected && !node[n].deaf && session[SLOT(n)].alive && !down &&
              node[n].late == 0 &&
              (node[n].request != ACQUIRE || TERM_LEFT) ->
              apply(n); check() }
  :: atomic { !served && UNANSWERED(n) && node[n].connected && !node[n].frozen -> answer(n); check() }
  :: atomic { !served && node[n].state == STANDBY && node[n].connected && session[SLOT(n)].alive && !node[n].frozen &&
              !node[n].seen && node[n].request == NONE ->
              observe(n); check() }
  :: atomic { !served && !node[n].connected && !node[n].frozen && !down && node[n].state != STOPPED -> 
              reconnect(n); check() }
  :: atomic { !served && node[n].connected && !node[n].frozen && !session[SLOT(n)].alive && node[n].state != STOPPED &&
              CUT_BY_SERVER(n) ->
              cut(n); check() }     /* its session is over, as it hears from the next server */
#ifdef NO_RESIGN_FIRST
  :: atomic { node[n].stopping && node[n].state != STOPPED -> done(n); end_term(n); node[n].state = STOPPED; check() }
#endif
  od
}
