#!/bin/sh
# Take from a Debian image with Python what a node never needs: package managers and their libraries, tools for disks and
# accounts, Perl, Python's installers and tests.
# The list of Debian's packages and their licences stay, for those who look for vulnerabilities.
set -eu
rm -rf /usr/bin/perl* /usr/lib/*/perl* /usr/lib/*/libperl.so* /usr/share/perl /usr/share/perl5 \
  /usr/bin/apt* /usr/lib/apt /usr/lib/*/libapt-*.so* /var/lib/apt /etc/apt /usr/bin/dpkg* /usr/lib/dpkg /usr/sbin/dpkg* /var/lib/dpkg/info \
  /usr/bin/gpgv /usr/bin/localedef /usr/lib/*/gconv /usr/share/i18n /usr/share/locale /usr/share/man /usr/share/info /usr/share/bash-completion \
  /usr/lib/*/libgnutls.so* /usr/lib/*/libp11-kit.so* /usr/lib/*/libhogweed.so* /usr/lib/*/libnettle.so* /usr/lib/*/libunistring.so* \
  /usr/lib/*/libdb-5.3.so /usr/lib/*/libext2fs.so* /usr/bin/openssl /usr/bin/tar /usr/lib/*/libsemanage.so* /usr/lib/*/libsepol.so* /usr/share/keyrings /usr/share/lintian /usr/share/python-wheels /usr/lib/systemd /usr/lib/udev /var/cache/* /var/log/* /src /opt/* /tmp/* /root/.cache
for python in /usr/lib/python3.* /usr/local/lib/python3.*; do
  [ -d "$python" ] || continue
  for part in ensurepip distutils lib2to3 idlelib turtledemo test pydoc_data site-packages/pip site-packages/setuptools site-packages/wheel; do
    rm -rf "${python:?}/$part"
  done
  rm -rf "$python"/config-3* "$python"/site-packages/*.dist-info
done
rm -f /usr/local/bin/pip* /usr/local/bin/idle* /usr/local/bin/2to3* /usr/local/bin/wheel
find /usr/sbin -mindepth 1 ! -name nologin ! -name ldconfig -delete
# What is left must be enough.
python3 -c 'import asyncio, ctypes, decimal, hashlib, lzma, sqlite3, ssl, uuid, zoneinfo'
