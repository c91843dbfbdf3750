package org.vm.engine.jit.internal;

import java.util.Arrays;

/** Regions that one CPU entered lately, by where they begin: so it gets from one to the next without the interpreter. */
final class RegionLinks {
    private static final int SLOTS = 1024;

    private final RegionTranslation[] recent = new RegionTranslation[SLOTS];

    void add(RegionTranslation translation) {
        int slot = slot(translation.pc);
        if (recent[slot] != translation) {
            recent[slot] = translation;
        }
    }

    /** What begins at an address, if it was entered lately; it may be gone, or be of other code at that address. */
    RegionTranslation find(long pc) {
        RegionTranslation translation = recent[slot(pc)];
        return translation != null && translation.pc == pc ? translation : null;
    }

    /** Tasks of the compiler may keep what has this, and no instruction should stay for that. */
    void clear() {
        Arrays.fill(recent, null);
    }

    private static int slot(long pc) {
        return (int) (pc >>> 1) & SLOTS - 1;
    }
}
