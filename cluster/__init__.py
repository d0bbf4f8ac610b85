"""A cluster of equal nodes with one fenced master, built on ZooKeeper. Knows nothing of pacing.

Public, and kept stable for applications:

=================== ==================================================================================
``member``          one member of the cluster: joins, serves its peers, knows the master
``mastership``      whether this node may act and for how long: term, lease, leadership status
``settings``        settings of a member, with their bounds; ``security``: TLS and credentials
``records``         what members share: infos, statuses, history, pauses, the master's records
``documents``       one versioned document that all members share
``token``, ``lease`` the fencing token; the arithmetic of a lease
``clock``           the clock of leases, which deadlines of actions are on
``errors``          what can be raised
``tasks``, ``lasting``, ``backoff``, ``files``  background tasks with a guard, begun anew when they fail, durable files
``addresses``, ``outside_text``  joining hosts and ports; text from outside, made fit for outputs
``admin``           reaching a cluster from outside, without joining it
``process``         running a member under a supervisor
=================== ==================================================================================

Everything else (``backends``, ``election``, ``peers``, ``rpc``, ``zookeeper``) is how it is made; the
contract `cluster-public` in ``.importlinter`` keeps other packages out of it.
"""
