package org.vm.isa.riscv.internal;

import java.util.List;

/**
 * What the Advanced Interrupt Architecture adds to a hart that has an IMSIC (Smaia and Ssaia; AIA 1.0, tables 2.1 and 2.2).
 * The arrays {@code iprio} are read-only zero, so priorities are the default ones, and a top interrupt's is always 1
 * (AIA 1.0, 5.2.2 and 5.4.2).
 */
final class AdvancedInterruptCsrs {
    static final List<Csr> ROWS = List.of(
            Csr.of(0x308, "mvien", h -> h.interrupts.filtered(), (h, v) -> h.interrupts.filter(v)).ofHarts(h -> machine(h)),
            Csr.of(0x309, "mvip", h -> h.interrupts.virtualPending(), (h, v) -> {})
                    .modifiedBy((h, set, clear) -> h.interrupts.modifyVirtualPending(set, clear)).ofHarts(h -> machine(h)),
            Csr.of(0x350, "miselect", h -> h.interrupts.machine.select(), (h, v) -> h.interrupts.machine.select(v))
                    .ofHarts(h -> machine(h)),
            Csr.of(0x351, "mireg", h -> h.interrupts.machine.read(), (h, set, clear) -> h.interrupts.machine.modify(set, clear))
                    .ofHarts(h -> machine(h)),
            Csr.of(0x35C, "mtopei", h -> h.interrupts.machine.top(), (h, set, clear) -> h.interrupts.machine.claim())
                    .ofHarts(h -> machine(h)),
            Csr.readOnly(0xFB0, "mtopi", h -> h.interrupts.machineTop()).ofHarts(h -> machine(h)),
            Csr.of(0x150, "siselect", h -> h.interrupts.supervisor.select(), (h, v) -> h.interrupts.supervisor.select(v))
                    .ofHarts(h -> supervisor(h)),
            Csr.of(0x151, "sireg", h -> h.interrupts.supervisor.read(),
                    (h, set, clear) -> h.interrupts.supervisor.modify(set, clear))
                    .ofHarts(h -> supervisor(h)).when(h -> mayUseFile(h) || !h.interrupts.supervisor.selectsFile()),
            Csr.of(0x15C, "stopei", h -> h.interrupts.supervisor.top(), (h, set, clear) -> h.interrupts.supervisor.claim())
                    .ofHarts(h -> supervisor(h)).when(h -> mayUseFile(h)),
            Csr.readOnly(0xDB0, "stopi", h -> h.interrupts.supervisorTop()).ofHarts(h -> supervisor(h)));

    private AdvancedInterruptCsrs() {}

    private static boolean machine(Hart hart) {
        return hart.interrupts.machine.present();
    }

    private static boolean supervisor(Hart hart) {
        return hart.interrupts.supervisor.present();
    }

    /** Supervisor's interrupt file is not S-mode's own while M-mode filters its interrupts (AIA 1.0, 5.3). */
    private static boolean mayUseFile(Hart hart) {
        return hart.status.privilege() == Privilege.MACHINE || !hart.interrupts.filtersExternal();
    }
}
