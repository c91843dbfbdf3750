package org.vm.mmu.internal;

import java.util.function.LongUnaryOperator;
import org.vm.api.PagingMode;
import org.vm.api.mmu.MemoryFault.Access;

/** The steps of "Virtual Address Translation Process", one by one, as the specification numbers them; nothing is cached. */
final class ReferenceWalker {
    /** @param accessed where the entry is that has to get {@code update}; 0 if none has */
    record Answer(boolean pageFault, boolean accessFault, long physical, long entry, long update) {
        static final Answer PAGE_FAULT = new Answer(true, false, 0, 0, 0);
        static final Answer ACCESS_FAULT = new Answer(false, true, 0, 0, 0);
    }

    private ReferenceWalker() {}

    /** @param read doubleword at a physical address, or throws {@link IndexOutOfBoundsException} */
    static Answer translate(LongUnaryOperator read, PagingMode mode, long satpRoot, long va, Access access,
            int privilege, boolean sum, boolean mxr, boolean svadu, boolean svpbmt) {
        if (privilege == 3 || mode == PagingMode.BARE) {
            return va >>> 56 == 0 ? new Answer(false, false, va, 0, 0) : Answer.ACCESS_FAULT;
        }
        String bits = "0".repeat(Long.numberOfLeadingZeros(va | 1)) + Long.toBinaryString(va);
        bits = bits.substring(bits.length() - 64);
        String upper = bits.substring(0, 64 - mode.bits() + 1);
        if (upper.contains("0") && upper.contains("1")) {
            return Answer.PAGE_FAULT;
        }
        // 1. Let a be satp.ppn × PAGESIZE, and let i = LEVELS − 1.
        long a = satpRoot;
        int i = mode.levels() - 1;
        while (true) {
            // 2. Let pte be the value of the PTE at address a + va.vpn[i] × PTESIZE.
            long at = a + Long.parseLong(bits.substring(64 - 12 - 9 * (i + 1), 64 - 12 - 9 * i), 2) * 8;
            long pte;
            try {
                pte = read.applyAsLong(at);
            } catch (IndexOutOfBoundsException outside) {
                return Answer.ACCESS_FAULT;
            }
            boolean v = (pte & 1) != 0;
            boolean r = (pte & 2) != 0;
            boolean w = (pte & 4) != 0;
            boolean x = (pte & 8) != 0;
            boolean u = (pte & 16) != 0;
            boolean accessed = (pte & 64) != 0;
            boolean dirty = (pte & 128) != 0;
            long ppn = pte << 10 >>> 20;
            int pbmt = (int) (pte >>> 61) & 3;
            boolean n = pte < 0;
            // 3. Invalid, or reserved.
            if (!v || !r && w || (pte >>> 54 & 0x7F) != 0) {
                return Answer.PAGE_FAULT;
            }
            // 4. Pointer to the next level.
            if (!r && !x) {
                i--;
                if (i < 0 || u || accessed || dirty || pbmt != 0 || n) {
                    return Answer.PAGE_FAULT;
                }
                a = ppn * 4096;
                continue;
            }
            if (pbmt == 3 || pbmt != 0 && !svpbmt || n && (i != 0 || ppn % 16 != 8)) {
                return Answer.PAGE_FAULT;
            }
            // 5. Misaligned superpage.
            long pages = 1L << 9 * i;
            if (ppn % pages != 0) {
                return Answer.PAGE_FAULT;
            }
            // 6., 7. Is the access allowed?
            boolean who = privilege == 0 ? u : !u || sum && access != Access.FETCH;
            boolean what = switch (access) {
                case FETCH -> x;
                case LOAD -> r || mxr && x;
                case STORE -> w;
            };
            if (!who || !what) {
                return Answer.PAGE_FAULT;
            }
            // 9. A and D.
            long update = pte | 64 | (access == Access.STORE ? 128 : 0);
            if (update != pte && !svadu) {
                return Answer.PAGE_FAULT;
            }
            // 10. The translation.
            if (n) {
                ppn = ppn - 8;
                pages = 16;
            }
            long physical = ppn * 4096 + Long.remainderUnsigned(va, pages * 4096);
            return new Answer(false, false, physical, at, update);
        }
    }
}
