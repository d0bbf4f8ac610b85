# Makes of deploy/haproxy/haproxy.cfg the one of the containers, with TLS before and behind it. Bytes of orders are passed on,
# and the health port speaks plain text, so the section of orders stays.
s/10\.0\.0\.\([123]\):/node-\1:/
/^frontend public\|^frontend operators/,/bind/s|^    bind :\([0-9]*\)|& ssl crt /etc/pacing/secrets/haproxy.pem alpn h2,http/1.1|
/^backend public\|^backend operators/,/^$/s|^    server \(node-[123]\) .*|& check-ssl ssl verify required ca-file /etc/pacing/secrets/authorities.pem verifyhost \1|
s/^    default-server inter 500ms.*/& resolvers engine init-addr last,libc,none/
/^defaults$/i\
resolvers engine\
    parse-resolv-conf\
    hold valid 1s\
    hold obsolete 1s\

