#!/bin/sh
# In the guest, as root: sixteen bytes from the device.
cat /sys/class/misc/hw_random/rng_current
head -c 16 /dev/hwrng | hexdump -C
