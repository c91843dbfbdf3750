package org.vm.isa.riscv.internal;

import java.util.List;

/** {@code fcsr} and its parts (Volume I, 20.2). They are there while {@code mstatus.FS} is not Off; writes make it Dirty. */
final class FloatCsrs {
    static final List<Csr> ROWS = List.of(
            row(0x001, "fflags", h -> h.fpu.fflags, (h, v) -> h.fpu.fflags = (int) v & 31),
            row(0x002, "frm", h -> h.fpu.frm, (h, v) -> h.fpu.frm = (int) v & 7),
            row(0x003, "fcsr", h -> (long) h.fpu.frm << 5 | h.fpu.fflags, (h, v) -> {
                h.fpu.fflags = (int) v & 31;
                h.fpu.frm = (int) v >> 5 & 7;
            }));

    private FloatCsrs() {}

    private static Csr row(int number, String name, Csr.Read read, Csr.Write write) {
        return Csr.of(number, name, read, (hart, value) -> {
            write.to(hart, value);
            hart.status.markFloatDirty();
        }).when(hart -> hart.status.has(Status.FS));
    }
}
