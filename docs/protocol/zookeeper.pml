/* ZooKeeper as the protocol sees it: sessions, one ephemeral node, the epoch with its version, the pause, one copy.
 *
 * Time is a count of instants, one heartbeat apart; everything that happens in one instant takes no time and may come
 * in any order. The session time-out is four instants. Clocks that differ by 2 % show only in the order of what is due
 * at the same instant: a lease that keeps the margin ends before the session it rests on, whatever the clocks do.
 */
#ifndef N
#define N 3
#endif
#ifndef TERMS
#define TERMS 3
#endif
#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef ORDERS
#define ORDERS 1
#endif
#define SESSION 4                   /* T: from the newest touch the leader knows of to the end of the session */
#ifdef NO_LEASE_MARGIN
#define LEASE 4                     /* as long as the session, from when the proof was sent */
#else
#ifdef NO_DRIFT_MARGIN
#define LEASE 3                     /* not over yet at the instant at which the session may end */
#else
#define LEASE 2                     /* T - h - report - drift: no more from the second instant on */
#endif
#endif
#ifdef NO_DRIFT_MARGIN
#define TOUCH_LASTS 5
#else
#define TOUCH_LASTS SESSION         /* the session ends so long after a touch; a lease just before */
#endif
#ifndef BOUND
#define BOUND 8                     /* instants of quiet after which somebody must have served */
#endif

/* states of a node */
#define STANDBY 0
#define ACQUIRING 1
#define SERVING 2
#define SUSPENDED 3
#define RESIGNING 4
#define STOPPED 5
#define PROMISED 6                  /* going on by promises: failsafe */

#define NOBODY 0
#define SLOTS 6                     /* two sessions for each node: that of this process, and what one before has left */
#define SLOT(n) (2 * (n) + node[n].slot)

typedef Session {
  bool alive;
  bool touched;                     /* in this instant, and in the previous one: a follower has yet to report it, */
  bool touched_before;              /* which takes up to half a tick, one instant and a little */
  byte age                          /* instants since the newest touch that ZooKeeper's leader knows of */
}
Session session[SLOTS];

byte zk_owner;                      /* 1 + the session that owns /master, 0 when there is no master */
byte zk_epoch;                      /* /epoch: the highest epoch given */
byte zk_version;                    /* and the version of its node */
byte zk_term;                       /* which acquisition of all made the newest term: its id, never the same twice */
byte terms;                         /* acquisitions so far, whatever was restored */
bool damaged;                       /* what an acquisition reads raises something nobody expected */
bool down;                          /* ZooKeeper is away for everybody */

#ifdef PAUSES
bool zk_paused;
byte zk_pause_version;
#define PAUSED zk_paused
#define PAUSE_UNCHANGED(v) (zk_pause_version == (v))
#else
#define PAUSED false
#define PAUSE_UNCHANGED(v) true
#define zk_pause_version 0
#endif

#ifdef RESTORE
typedef Copy { bool taken; byte owner; byte epoch; byte version; byte term; bool alive[SLOTS] }
Copy copy;
#endif

bool quiet;                         /* the environment does nothing any more */
byte still;                         /* instants of quiet in which nobody has served */
byte faults = FAULTS;               /* what the environment may still do */
byte orders = ORDERS;               /* and the operators */
bool served;                        /* somebody served, in the quiet: nothing more to see */

#define TERM_LEFT (terms < TERMS || (quiet && terms < TERMS + 4))
#ifdef RESTORE
#ifdef NO_TERM_ID
#define SAME_TERM(id) true
#else
#define SAME_TERM(id) (zk_term == (id))
#endif
#else
#define SAME_TERM(id) true
#endif
#if defined(PAUSES) && !defined(NO_PAUSE_IN_RELEASE)
#define RELEASE_ALLOWED(n) (!node[n].by_order || !zk_paused)
#define PAUSE_POSSIBLE (zk_owner != NOBODY)     /* the pause is written beside a master */
#else
#define RELEASE_ALLOWED(n) true
#define PAUSE_POSSIBLE true
#endif

#define FAULT (!quiet && !served && faults > 0)
#define ORDER (!quiet && !served && orders > 0)
