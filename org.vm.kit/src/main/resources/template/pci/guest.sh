#!/bin/sh
# In the guest, as root: finds the card, and reads its registers.
echo 1 >/sys/bus/pci/rescan
for card in /sys/bus/pci/devices/*; do
    if [ "$(cat "$card/vendor") $(cat "$card/device")" = "0x1234 0x5e45" ]; then
        echo 1 >"$card/enable"
        base=$(head -n 1 "$card/resource" | cut -d ' ' -f 1)
        echo "identity    $(busybox devmem "$base" 32)"
        echo "temperature $(($(busybox devmem "$(printf '0x%x' $((base + 4)))" 32))) thousandths of a degree"
    fi
done
