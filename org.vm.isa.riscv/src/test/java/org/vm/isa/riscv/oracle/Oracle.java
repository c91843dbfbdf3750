package org.vm.isa.riscv.oracle;

import java.util.Set;
import org.vm.api.isa.Encoding;
import org.vm.api.isa.Row;

/** What user-mode QEMU, of the age that distributions have (7.2 and later), can be asked about. */
final class Oracle {
    private static final Set<String> UNKNOWN =
            Set.of("Zicond", "Zcb", "Zawrs", "Zicbom", "Zicboz", "Zicsr", "Svinval");
    private static final Set<String> NOT_FOR_USERS = Set.of("ecall", "ebreak", "mret", "sret", "wfi", "sfence.vma");
    /** QEMU 7.2 counts on into the upper word if the lower one is zero. */
    private static final String WRONG = "ctzw";

    private Oracle() {}

    static boolean knows(Row row, Encoding encoding) {
        return !UNKNOWN.contains(row.extension()) && !UNKNOWN.contains(encoding.extension())
                && !NOT_FOR_USERS.contains(row.name()) && !row.name().equals(WRONG);
    }
}
