package org.vm.isa.riscv.internal;

import java.util.List;

/** {@code fcsr} and its parts (Volume I, 20.2). They are there while {@code mstatus.FS} is not Off; writes make it Dirty. */
final class FloatCsrs {
    static final List<Csr> ROWS = List.of(
            row(0x001, "fflags", h -> h.fpu.fflags(), (h, v) -> h.fpu.fflags(v)),
            row(0x002, "frm", h -> h.fpu.frm(), (h, v) -> h.fpu.frm(v)),
            row(0x003, "fcsr", h -> h.fpu.fcsr(), (h, v) -> h.fpu.fcsr(v)));

    private FloatCsrs() {}

    private static Csr row(int number, String name, Csr.Read read, Csr.Write write) {
        return Csr.of(number, name, read, (hart, value) -> {
            write.to(hart, value);
            hart.status.markFloatDirty();
        }).when(hart -> hart.status.has(Status.FS));
    }
}
