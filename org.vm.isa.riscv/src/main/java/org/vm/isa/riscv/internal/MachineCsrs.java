package org.vm.isa.riscv.internal;

import java.util.ArrayList;
import java.util.List;

/** Machine registers (Volume II, 3.1), PMP (3.7), and as much of the debug triggers that probes find none. */
final class MachineCsrs {
    /** MXL = 64 bits; A C D F I M S U. */
    private static final long MISA = 2L << 62 | letters("ACDFIMSU");

    static final List<Csr> ROWS = rows();

    private MachineCsrs() {}

    private static List<Csr> rows() {
        List<Csr> rows = new ArrayList<>(List.of(
                Csr.of(0x300, "mstatus", h -> h.status.read(), (h, v) -> h.status.write(v)),
                Csr.fixed(0x301, "misa", MISA),
                Csr.of(0x302, "medeleg", h -> h.traps.delegation(), (h, v) -> h.traps.delegate(v)),
                Csr.of(0x303, "mideleg", h -> h.interrupts.delegated(), (h, v) -> h.interrupts.delegate(v)),
                Csr.of(0x304, "mie", h -> h.interrupts.enabled(), (h, v) -> h.interrupts.enable(v)),
                Csr.of(0x305, "mtvec", h -> h.traps.machine.vector, (h, v) -> h.traps.machine.vector(v)),
                Csr.of(0x30A, "menvcfg", h -> h.environment.read(), (h, v) -> h.environment.write(v)),
                Csr.of(0x340, "mscratch", h -> h.traps.machine.scratch, (h, v) -> h.traps.machine.scratch = v),
                Csr.of(0x341, "mepc", h -> h.traps.machine.epc, (h, v) -> h.traps.machine.epc(v)),
                Csr.of(0x342, "mcause", h -> h.traps.machine.cause, (h, v) -> h.traps.machine.cause = v),
                Csr.of(0x343, "mtval", h -> h.traps.machine.value, (h, v) -> h.traps.machine.value = v),
                Csr.of(0x344, "mip", h -> h.interrupts.pending(), (h, v) -> {})
                        .modifiedBy((h, set, clear) -> h.interrupts.modifyPending(set, clear)),
                Csr.fixed(0x747, "mseccfg", 0),
                Csr.fixed(0xF11, "mvendorid", 0),
                Csr.fixed(0xF12, "marchid", 0),
                Csr.fixed(0xF13, "mimpid", 0),
                Csr.readOnly(0xF14, "mhartid", h -> h.id),
                Csr.fixed(0xF15, "mconfigptr", 0),
                Csr.fixed(0x7A0, "tselect", 0),
                Csr.fixed(0x7A1, "tdata1", 0),
                Csr.fixed(0x7A2, "tdata2", 0),
                Csr.fixed(0x7A3, "tdata3", 0),
                Csr.fixed(0x7A4, "tinfo", 1)));
        for (int n = 0; n < Pmp.ENTRIES / 4; n += 2) {
            int register = n;
            rows.add(Csr.of(0x3A0 + n, "pmpcfg" + n, h -> h.pmp.readConfig(register),
                    (h, v) -> h.pmp.writeConfig(register, v)));
        }
        for (int n = 0; n < Pmp.ENTRIES; n++) {
            int entry = n;
            rows.add(Csr.of(0x3B0 + n, "pmpaddr" + n, h -> h.pmp.readAddress(entry),
                    (h, v) -> h.pmp.writeAddress(entry, v)));
        }
        return rows;
    }

    private static long letters(String extensions) {
        return extensions.chars().mapToLong(letter -> 1L << letter - 'A').sum();
    }
}
