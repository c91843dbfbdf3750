package org.vm.isa.riscv.internal;

import java.util.ArrayList;
import java.util.List;

/** Counters as the unprivileged levels read them and as M-mode sets them (Zicntr; Volume II, 3.1.10 to 3.1.12). */
final class CounterCsrs {
    static final List<Csr> ROWS = rows();

    private CounterCsrs() {}

    private static List<Csr> rows() {
        List<Csr> rows = new ArrayList<>(List.of(
                Csr.readOnly(0xC00, "cycle", h -> h.counters.cycle()).when(h -> h.counters.readable(Counters.CYCLE)),
                Csr.readOnly(0xC01, "time", h -> h.timer.time()).when(h -> h.counters.readable(Counters.TIME)),
                Csr.readOnly(0xC02, "instret", h -> h.counters.instret())
                        .when(h -> h.counters.readable(Counters.INSTRET)),
                Csr.of(0xB00, "mcycle", h -> h.counters.cycle(), (h, v) -> h.counters.cycle(v)),
                Csr.of(0xB02, "minstret", h -> h.counters.instret(), (h, v) -> h.counters.instret(v)),
                Csr.of(0x106, "scounteren", h -> h.counters.supervisorEnable(),
                        (h, v) -> h.counters.supervisorEnable(v)),
                Csr.of(0x306, "mcounteren", h -> h.counters.machineEnable(), (h, v) -> h.counters.machineEnable(v)),
                Csr.of(0x320, "mcountinhibit", h -> h.counters.inhibit(), (h, v) -> h.counters.inhibit(v))));
        for (int n = 3; n < 32; n++) {
            int counter = n;
            rows.add(Csr.readOnly(0xC00 + n, "hpmcounter" + n, h -> 0).when(h -> h.counters.readable(counter)));
            rows.add(Csr.fixed(0xB00 + n, "mhpmcounter" + n, 0));
            rows.add(Csr.fixed(0x320 + n, "mhpmevent" + n, 0));
        }
        return rows;
    }
}
