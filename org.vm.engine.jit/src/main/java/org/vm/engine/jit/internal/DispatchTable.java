package org.vm.engine.jit.internal;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds an entry of a region by its address. Some of an address's bits tell its slot; they are chosen so that no two entries
 * want the same.
 *
 * @param entries by their numbers; none if the region has no entry but its first node
 * @param words   for each slot an address and the number of its entry; slots without one have an address of another slot
 * @param shift   from an address to the bits that tell its slot
 */
record DispatchTable(List<Node> entries, long[] words, int shift) {
    /** 64 KiB. Entries for which that is not enough are found from outside of the region. */
    private static final int MOST_SLOTS = 4096;
    private static final int SLOT_WORDS = 2;

    static DispatchTable of(Map<Long, Node> entries) {
        if (entries.size() < 2) {
            return new DispatchTable(List.of(), new long[0], 0);
        }
        List<Long> addresses = new ArrayList<>(entries.keySet());
        long first = addresses.getFirst();
        int shift = Long.numberOfTrailingZeros(addresses.stream().mapToLong(address -> address ^ first).reduce((a, b) -> a | b)
                .orElseThrow());
        int slots = Integer.highestOneBit(2 * addresses.size() - 1);
        while (slots < MOST_SLOTS && !isDistinct(addresses, shift, slots)) {
            slots *= 2;
        }
        long[] words = new long[SLOT_WORDS * slots];
        for (int i = 0; i < words.length; i += SLOT_WORDS) {
            words[i] = first;
        }
        List<Node> numbered = new ArrayList<>();
        Set<Integer> taken = new HashSet<>();
        for (long address : addresses) {
            int slot = slot(address, shift, slots);
            if (taken.add(slot)) {
                words[SLOT_WORDS * slot] = address;
                words[SLOT_WORDS * slot + 1] = numbered.size();
                numbered.add(entries.get(address));
            }
        }
        return new DispatchTable(List.copyOf(numbered), words, shift);
    }

    private static int slot(long address, int shift, int slots) {
        return (int) (address >>> shift) & slots - 1;
    }

    private static boolean isDistinct(List<Long> addresses, int shift, int slots) {
        return addresses.stream().mapToInt(address -> slot(address, shift, slots)).distinct().count() == addresses.size();
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    /** Of the bits that tell the slot. */
    int mask() {
        return words.length / SLOT_WORDS - 1;
    }
}
