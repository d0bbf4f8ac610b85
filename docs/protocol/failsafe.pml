/* Going on without ZooKeeper by the promises of all others, who are all on the failsafe list. */
#ifndef FAILSAFE
#define ask_promises(n) skip
#define NOT_ADMITTED(n) false
#define hears(n, epoch) skip
#define TRACE_ATTEMPT(n) printf("TRACE contends %d\n", n)
#define OUTAGE_IS_LONG true
#define NODE_FAULT FAULT
#define PROMISES_COMING false
#define LIST_UNCHANGED(n) true
#define read_list(n) skip
#define write_list(n) skip
#define released(n) skip
#define promises_tick(n) skip
#define born(n) skip
#else
#define PROMISE SESSION             /* what one promise binds for */
#define LIST_UNCHANGED(n) true
#define read_list(n) skip
#define write_list(n) skip
#define released(n) skip
#define NOT_ADMITTED(n) (promised[n] > 0)
#define TRACE_ATTEMPT(n) \
  if :: NOT_ADMITTED(n) && zk_owner == NOBODY && !damaged -> printf("TRACE waits %d\n", n) \
     :: else -> printf("TRACE contends %d\n", n) \
  fi
#ifdef WALK                         /* a walk would hardly ever reach a term carried by promises */
#define COMING(n) (round[n].open && CLAIMS(n) && node[n].lease > 0 && !node[n].frozen && !node[n].connected && \
                   misled == N && CAN_PROMISE(((n) + 1) % N, n) && CAN_PROMISE(((n) + 2) % N, n))
#define PROMISES_COMING (COMING(0) || COMING(1) || COMING(2))
#define OUTAGE_IS_LONG (outage > 2)
#define NODE_FAULT (FAULT && outage > 1)
byte outage;                        /* instants */
#else
#define OUTAGE_IS_LONG true
#define NODE_FAULT FAULT
#define PROMISES_COMING false
#endif

typedef Round { bool open; byte age; byte by }
Round round[N];                     /* who of the others has promised, as the master believes */
byte promised[N];                   /* instants for which a node must not contend */
byte heard[N];                      /* the newest term it knows of: it promises for no other */
#define hears(n, epoch) heard[n] = epoch
#ifndef MISLED
#define MISLED N
#endif
byte misled = MISLED;                    /* what is sent to this node reaches the third one */

#define BIT(n) (1 << (n))
#define THIRD(a, b) (3 - (a) - (b))

inline ask_promises(n) {
  round[n].open = true; round[n].age = 0; round[n].by = 0
}

#define UNANIMOUS(n) ((round[n].by | BIT(n)) == 7)
#ifdef NO_UNANIMITY
#define ENOUGH(n) (round[n].by != 0)
#else
#define ENOUGH(n) UNANIMOUS(n)
#endif

#define CAN_PROMISE(m, n) (heard[m] == node[n].epoch && !node[m].frozen && !node[m].connected && !CLAIMS(m) && node[m].state != ACQUIRING && \
                           node[m].state != RESIGNING && node[m].state != STOPPED)

inline give_promise(n, a, m) {           /* the answer of m, where a was meant */
  promised[m] = PROMISE;
  round[n].by = round[n].by | BIT(a);
  printf("TRACE promises %d %d\n", m, n)
}

inline carried(n) {
  if :: PROMISE - round[n].age > node[n].lease -> node[n].lease = PROMISE - round[n].age :: else fi;
  node[n].state = PROMISED;
  printf("TRACE carried %d %d\n", n, round[n].age);
  round[n].open = false; round[n].age = 0; round[n].by = 0
}

inline promises_tick(n) {
  if :: round[n].open && !node[n].frozen -> round[n].open = false; round[n].age = 0; round[n].by = 0
     :: round[n].open && node[n].frozen && round[n].age < SESSION -> round[n].age++
     :: else
  fi;
  if :: promised[n] > 0 -> promised[n]-- :: else fi
}

#ifdef NO_RESTART_WAIT
#define born(n) promised[n] = 0
#else
#define born(n) promised[n] = PROMISE; heard[n] = 0
#endif

#ifdef NO_ADDRESSEE
#define ADDRESSED(a) true
#else
#define ADDRESSED(a) (misled != (a))
#endif
#define ASKED(n, a) (!served && round[n].open && CLAIMS(n) && !node[n].connected && !(round[n].by & BIT(a)))

#define FAILSAFE_OF(n, a) \
  :: atomic { ASKED(n, a) && misled != a && CAN_PROMISE(a, n) -> give_promise(n, a, a); check() } \
  :: atomic { ASKED(n, a) && misled == a && ADDRESSED(a) == true && CAN_PROMISE(THIRD(n, a), n) -> \
              give_promise(n, a, THIRD(n, a)); check() }
#define FAILSAFE_END(n) \
  :: atomic { !served && round[n].open && CLAIMS(n) && node[n].lease > 0 && !node[n].connected && !node[n].frozen && \
              ENOUGH(n) -> carried(n); check() }

#endif
