package org.vm.isa.riscv.internal;

import java.util.List;

/** Supervisor registers (Volume II, 12.1, and Sstc). */
final class SupervisorCsrs {
    static final List<Csr> ROWS = List.of(
            Csr.of(0x100, "sstatus", h -> h.status.readSupervisor(), (h, v) -> h.status.writeSupervisor(v)),
            Csr.of(0x104, "sie", h -> h.interrupts.supervisorEnabled(), (h, v) -> h.interrupts.enableSupervisor(v)),
            Csr.of(0x105, "stvec", h -> h.traps.supervisor.vector, (h, v) -> h.traps.supervisor.vector(v)),
            Csr.of(0x10A, "senvcfg", h -> h.environment.readSupervisor(), (h, v) -> h.environment.writeSupervisor(v)),
            Csr.of(0x140, "sscratch", h -> h.traps.supervisor.scratch, (h, v) -> h.traps.supervisor.scratch = v),
            Csr.of(0x141, "sepc", h -> h.traps.supervisor.epc, (h, v) -> h.traps.supervisor.epc(v)),
            Csr.of(0x142, "scause", h -> h.traps.supervisor.cause, (h, v) -> h.traps.supervisor.cause = v),
            Csr.of(0x143, "stval", h -> h.traps.supervisor.value, (h, v) -> h.traps.supervisor.value = v),
            Csr.of(0x144, "sip", h -> h.interrupts.supervisorPending(), (h, v) -> {})
                    .modifiedBy((h, set, clear) -> h.interrupts.modifySupervisorPending(set, clear)),
            Csr.of(0x14D, "stimecmp", h -> h.timer.compare(), (h, v) -> h.timer.compare(v))
                    .when(SupervisorCsrs::timerAccessible),
            Csr.of(0x180, "satp", h -> h.translation.read(), (h, v) -> h.translation.write(v))
                    .when(h -> h.translation.accessible()));

    private SupervisorCsrs() {}

    private static boolean timerAccessible(Hart hart) {
        return hart.status.privilege() == Privilege.MACHINE
                || hart.environment.supervisorTimer() && hart.counters.readable(Counters.TIME);
    }
}
