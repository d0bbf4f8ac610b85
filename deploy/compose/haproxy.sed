# Makes of deploy/haproxy/haproxy.cfg the one of the containers: their names, looked up anew, for an address may change.
s/10\.0\.0\.\([123]\):/node-\1:/
s/^    default-server inter 500ms.*/& resolvers engine init-addr last,libc,none/
/^defaults$/i\
resolvers engine\
    parse-resolv-conf\
    hold valid 1s\
    hold obsolete 1s\

