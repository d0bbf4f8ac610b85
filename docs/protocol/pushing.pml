/* A node pushes, and the receiver answers. */
#ifdef FENCING
#define CAN_PUSH(n) (MAY_ACT(n) && !node[n].frozen && push[n].state == 0 && !pusher[n].pushed && \
                     pusher[n].hold_off == 0 && pusher[n].sequence < SEQUENCES)

#define READS(n) (FENCING == 2 && pusher[n].etag == 0)
#define TAKEN_BY_NEWER(n) (mark_epoch > node[n].epoch || (mark_epoch == node[n].epoch && \
                           mark_sequence > pusher[n].sequence))

inline begin_push(n) {
  if :: READS(n) ->
          if :: TAKEN_BY_NEWER(n) -> node[n].hold = true; resign(n)
             :: else -> pusher[n].etag = state_version + 1
          fi
     :: else ->
          pusher[n].pushed = true;
          pusher[n].sequence++;
          push[n].epoch = node[n].epoch; push[n].term = node[n].term; push[n].sequence = pusher[n].sequence;
          push[n].etag = pusher[n].etag;
          pusher[n].etag = 0;
#ifdef NO_DEADLINE
          push[n].state = CHECKED
#else
          push[n].state = IN_FLIGHT
#endif
  fi
}

inline end_push(n) {
  if :: push[n].state == TAKEN -> pusher[n].etag = push[n].etag; clear(push[n])
     :: push[n].state == NOT_TAKEN ->
          clear(push[n]);
          if :: FENCING == 1 && CLAIMS(n) -> node[n].hold = true; resign(n) :: else fi
  fi
}

#define RECEIVER(n) \
  :: atomic { !served && CAN_PUSH(n) -> begin_push(n); check() } \
  :: atomic { !served && push[n].state == CHECKED && !node[n].frozen -> push[n].state = IN_FLIGHT } \
  :: atomic { !served && push[n].state == IN_FLIGHT -> \
              if :: TAKES(push[n]) -> accept(push[n]); push[n].state = TAKEN; push[n].etag = state_version + 1; \
                                      taken[n] = MAY_ACT(n) \
                 :: else -> push[n].state = NOT_TAKEN \
              fi } \
  :: atomic { !served && (push[n].state == TAKEN || push[n].state == NOT_TAKEN) && !node[n].frozen -> \
              end_push(n); check() } \
  :: atomic { !served && !quiet && stray[n].state != 0 -> \
              if :: TAKES(stray[n]) -> accept(stray[n]) :: else fi; clear(stray[n]) } \
  :: atomic { FORGETS -> faults--; mark_epoch = 0; mark_sequence = 0 }
#ifdef NO_DURABLE_MARK
#define FORGETS (FAULT && mark_epoch != 0)
#else
#define FORGETS false
#endif
#endif
