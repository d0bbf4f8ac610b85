/* The cluster's id after ZooKeeper lost its data: whoever is served first, all nodes agree with the receiver again. */
#define N 3
byte memory[N];                     /* the id a node remembers, 0: none */
byte zk_id, receiver_id = 1, next_id = 2;
bool prepared[N];
#define REMEMBERED (memory[0] == 1 || memory[1] == 1 || memory[2] == 1)

inline prepare(n) {
  if :: zk_id == 0 && memory[n] != 0 -> zk_id = memory[n]
     :: zk_id == 0 && memory[n] == 0 -> zk_id = next_id
     :: else
  fi;
#ifdef NO_KEPT_ID
  memory[n] = zk_id;
#else
  if :: memory[n] == 0 -> memory[n] = zk_id :: else fi;
#endif
  prepared[n] = true
}
#ifdef NO_KEPT_ID
#define CAN_PREPARE(n) true
#else
#define CAN_PREPARE(n) (zk_id != 0 || memory[n] != 0 || !REMEMBERED)    /* a node without memory waits */
#endif

proctype NodeAt(byte n) {
  if :: memory[n] = 1 :: n != 0 -> memory[n] = 0 fi;                     /* one at least remembers */
  atomic { CAN_PREPARE(n) -> prepare(n) };
  atomic { prepared[0] && prepared[1] && prepared[2] -> assert(zk_id == receiver_id) }
}
init { atomic { memory[0] = 1; run NodeAt(0); run NodeAt(1); run NodeAt(2) } }
