/* Members answer a master that asks for their promise, each in its own time. */
#ifdef FAILSAFE
proctype Peers(byte n) {
  do
  FAILSAFE_OF(n, (n + 1) % N)
  FAILSAFE_OF(n, (n + 2) % N)
  FAILSAFE_END(n)
  od
}
#endif
