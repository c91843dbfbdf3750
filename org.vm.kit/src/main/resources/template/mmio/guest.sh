#!/bin/sh
# In the guest, as root: what the sensor says. 0x4000000 is its base, see plugins/.
echo "identity    $(busybox devmem 0x4000000 32)"
echo "temperature $(($(busybox devmem 0x4000004 32))) thousandths of a degree"
