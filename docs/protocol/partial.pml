/* Partial pushes between full ones: one counter and one push in flight for both, every message may be lost or late.
 *
 * A full push has two parts, a partial one has one and names the newest push its sender knows to be completely applied.
 * A partial push changes the state it names: applied to any other one it is wrong, and that is what is asserted.
 * FENCING 1: the receiver checks tokens and `prev`; 3: it checks nothing, and the sender's rules alone must do.
 */
#ifndef FENCING
#define FENCING 1
#endif
#ifndef TERMS
#define TERMS 2
#endif
#define SEQUENCES 4
#define FULL 1
#define PARTIAL_PUSH 2

typedef Message { byte kind; byte epoch; byte sequence; byte part; byte prev }
Message message[2];                 /* in flight */
Message stray;                      /* given up by its sender, and yet to arrive */
byte epoch = 1, sequence, known;    /* of the sender; known: the newest push completely applied in this term, or 0 */
byte flying, parts, part_taken;     /* kind in flight, parts not yet answered, parts accepted */
bool settings_changed;
byte mark_epoch, mark_sequence, mark_parts;     /* of the receiver; parts of the newest push still missing */

#ifdef NO_FULL_FIRST
#define MAY_BE_PARTIAL (sequence > 0 || epoch > 1)
#else
#define MAY_BE_PARTIAL (known != 0 && known == sequence && !settings_changed)
#endif
#define NEWER(m) (m.epoch > mark_epoch || (m.epoch == mark_epoch && m.sequence > mark_sequence))
#define SAME(m) (m.epoch == mark_epoch && m.sequence == mark_sequence)
#define IN_STEP(m) (m.epoch == mark_epoch && m.prev == mark_sequence && mark_parts == 0)
#define MINE(m) (m.epoch == epoch && m.sequence == sequence && flying != 0)

inline forget(m) { m.kind = 0; m.epoch = 0; m.sequence = 0; m.part = 0; m.prev = 0 }
inline put(m, what, number) {
  m.kind = what; m.epoch = epoch; m.sequence = sequence; m.part = number; m.prev = known
}
inline end_push() { flying = 0; parts = 0; part_taken = 0 }

inline answered(m, good, step) {    /* the answer arrives, or is lost */
  if :: MINE(m) && good ->
          part_taken++; parts--;
          if :: parts == 0 -> known = sequence; end_push() :: else fi
     :: MINE(m) && step -> known = 0; end_push()
     :: MINE(m) -> known = 0; end_push()
     :: true
  fi
}

inline arrive(m) {
  if :: m.kind == FULL && (FENCING == 3 || NEWER(m) || SAME(m)) ->
          assert(FENCING != 3 || NEWER(m) || SAME(m));
          if :: NEWER(m) -> mark_epoch = m.epoch; mark_sequence = m.sequence; mark_parts = 2 :: else fi;
          if :: mark_parts > 0 -> mark_parts-- :: else fi;
          answered(m, true, false)
#ifdef NO_PREV
     :: m.kind == PARTIAL_PUSH && (FENCING == 3 || NEWER(m)) ->
#else
     :: m.kind == PARTIAL_PUSH && (FENCING == 3 || (NEWER(m) && IN_STEP(m))) ->
#endif
          assert(IN_STEP(m) && NEWER(m));
          mark_sequence = m.sequence; mark_epoch = m.epoch; mark_parts = 0;
          answered(m, true, false)
     :: m.kind == PARTIAL_PUSH && FENCING == 1 && NEWER(m) && !IN_STEP(m) -> answered(m, false, true)  /* out_of_step */
     :: else -> answered(m, false, false)
  fi;
  forget(m)
}

inline stay(m) {
  if :: m.kind != 0 && stray.kind == 0 ->
          stray.kind = m.kind; stray.epoch = m.epoch; stray.sequence = m.sequence; stray.part = m.part; stray.prev = m.prev
     :: true
  fi
}

inline give_up() {                  /* with fencing none the connection is reset, and a wait follows: nothing arrives */
#if FENCING == 1 || defined(NO_RESET)
  if :: stay(message[0]) :: stay(message[1]) fi;
#endif
  forget(message[0]); forget(message[1]); end_push(); known = 0
}

active proctype World() {
  do
  :: atomic { flying == 0 && sequence < SEQUENCES && message[0].kind == 0 && message[1].kind == 0 ->
              sequence++; flying = FULL; parts = 2; settings_changed = false;
              put(message[0], FULL, 1); put(message[1], FULL, 2); known = 0 }
  :: atomic { flying == 0 && sequence < SEQUENCES && message[0].kind == 0 && MAY_BE_PARTIAL ->
              sequence++; flying = PARTIAL_PUSH; parts = 1; put(message[0], PARTIAL_PUSH, 1) }
#ifdef NO_ONE_IN_FLIGHT
  :: atomic { flying == FULL && sequence < SEQUENCES && message[1].kind == 0 ->
              sequence++; flying = PARTIAL_PUSH; parts = 1; put(message[1], PARTIAL_PUSH, 1) }
#endif
  :: atomic { message[0].kind != 0 -> arrive(message[0]) }
  :: atomic { message[1].kind != 0 -> arrive(message[1]) }
  :: atomic { stray.kind != 0 -> arrive(stray) }
  :: atomic { stray.kind != 0 -> forget(stray) }
  :: atomic { flying != 0 -> give_up() }
  :: atomic { epoch < TERMS -> give_up(); epoch++; sequence = 0 }
  :: atomic { !settings_changed && sequence > 0 -> settings_changed = true }
  :: sequence == SEQUENCES && epoch == TERMS && flying == 0 -> break
  od
}
