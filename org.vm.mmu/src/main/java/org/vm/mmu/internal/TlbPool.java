package org.vm.mmu.internal;

/**
 * All TLBs of one MMU: one for each regime in which an access can be, so that a change of privilege (trap, {@code sret},
 * SUM) only selects another array, and one set for each address space that was current lately, so that a context switch
 * between ASIDs keeps what it learned. TLBs are made when they are first needed.
 *
 * <p>The supervisor's own TLBs (without SUM) belong to all address spaces together, because kernels map themselves with
 * global pages; if one holds a page that is not global, a context switch drops such pages.
 */
final class TlbPool {
    /** Address spaces that are kept. */
    static final int SPACES = 8;

    /** An address space and its TLBs. */
    private static final class Space {
        static final int USER = 0;
        static final int SUPERVISOR_SUM = 1;
        /** Added to one of those above for MXR. */
        static final int MXR = 2;
        static final int USER_CODE = 4;

        long root = -1;
        int asid = -1;
        long lastUse;
        final Tlb[] tlbs = new Tlb[5];
    }

    private static final int SUPERVISOR = 0;
    private static final int SUPERVISOR_MXR = 1;
    private static final int SUPERVISOR_CODE = 2;

    private static final int PRIVILEGES = 4;

    /** Of one for data; one for code has a quarter, for code is in fewer pages. */
    private final int entries;
    private final Space[] spaces = new Space[SPACES];
    private final Tlb[] supervisor = new Tlb[3];
    /** Untranslated, data before code; by privilege, because physical memory protection may tell them apart. */
    private final Tlb[] bare = new Tlb[2 * PRIVILEGES];
    private Space current;
    private long uses;
    private long stamps;

    TlbPool(int entries) {
        this.entries = entries;
        for (int i = 0; i < SPACES; i++) {
            spaces[i] = new Space();
        }
        current = spaces[0];
    }

    /** Makes an address space the current one; what it left here last time is still there, if that was not long ago. */
    void select(long root, int asid) {
        if (current.root == root && current.asid == asid) {
            return;
        }
        flushLocal(supervisor);
        current = space(root, asid);
        current.lastUse = ++uses;
    }

    private Space space(long root, int asid) {
        Space oldest = spaces[0];
        for (Space space : spaces) {
            if (space.root == root && space.asid == asid) {
                return space;
            }
            if (space.lastUse < oldest.lastUse) {
                oldest = space;
            }
        }
        flush(oldest.tlbs);
        oldest.root = root;
        oldest.asid = asid;
        return oldest;
    }

    Tlb bareData(int privilege) {
        return data(bare, privilege);
    }

    Tlb bareCode(int privilege) {
        return code(bare, PRIVILEGES + privilege);
    }

    /** For translated loads and stores in the current address space. */
    Tlb data(boolean user, boolean sum, boolean mxr) {
        if (!user && !sum) {
            return data(supervisor, mxr ? SUPERVISOR_MXR : SUPERVISOR);
        }
        return data(current.tlbs, (user ? Space.USER : Space.SUPERVISOR_SUM) + (mxr ? Space.MXR : 0));
    }

    /** For translated instruction fetches in the current address space. */
    Tlb code(boolean user) {
        return user ? code(current.tlbs, Space.USER_CODE) : code(supervisor, SUPERVISOR_CODE);
    }

    private Tlb data(Tlb[] tlbs, int i) {
        return get(tlbs, i, entries);
    }

    private Tlb code(Tlb[] tlbs, int i) {
        return get(tlbs, i, Math.max(entries / 4, 1));
    }

    private Tlb get(Tlb[] tlbs, int i, int size) {
        if (tlbs[i] == null) {
            tlbs[i] = new Tlb(size, () -> ++stamps);
        }
        return tlbs[i];
    }

    void flush() {
        flush(bare);
        flush(supervisor);
        for (Space space : spaces) {
            flush(space.tlbs);
        }
    }

    void flushAsid(int asid) {
        flushLocal(supervisor);
        for (Space space : spaces) {
            if (space.asid == asid) {
                flush(space.tlbs);
            }
        }
    }

    void flushPage(long address) {
        flushPage(supervisor, address, false);
        for (Space space : spaces) {
            flushPage(space.tlbs, address, false);
        }
    }

    void flushPageAsid(long address, int asid) {
        flushPage(supervisor, address, true);
        for (Space space : spaces) {
            if (space.asid == asid) {
                flushPage(space.tlbs, address, true);
            }
        }
    }

    private static void flush(Tlb[] tlbs) {
        for (Tlb tlb : tlbs) {
            if (tlb != null) {
                tlb.flush();
            }
        }
    }

    private static void flushLocal(Tlb[] tlbs) {
        for (Tlb tlb : tlbs) {
            if (tlb != null) {
                tlb.flushLocal();
            }
        }
    }

    private static void flushPage(Tlb[] tlbs, long address, boolean keepGlobal) {
        for (Tlb tlb : tlbs) {
            if (tlb != null) {
                tlb.flushPage(address, keepGlobal);
            }
        }
    }
}
