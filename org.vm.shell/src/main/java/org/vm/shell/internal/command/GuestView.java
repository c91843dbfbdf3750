package org.vm.shell.internal.command;

import java.lang.foreign.ValueLayout;
import org.vm.api.MemoryAccessException;
import org.vm.api.MemoryAccessException.Reason;
import org.vm.api.cpu.Cpu;
import org.vm.api.machine.Machine;
import org.vm.shell.internal.text.Quantity;

/** RAM as a person looks at it: by physical address, or by virtual address as one vCPU sees it. No side effects. */
final class GuestView {
    private final Machine machine;
    private final Cpu cpu;

    /** @param cpu whose translation applies; {@code null}: addresses are physical */
    GuestView(Machine machine, Cpu cpu) {
        this.machine = machine;
        this.cpu = cpu;
    }

    byte[] read(long address, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = machine.memory().segment().get(ValueLayout.JAVA_BYTE, offset(address + i));
        }
        return bytes;
    }

    int parcel(long address) {
        byte[] two = read(address, 2);
        return two[0] & 0xFF | (two[1] & 0xFF) << 8;
    }

    private long offset(long address) {
        long physical = cpu == null ? address : cpu.mmu.debugTranslate(address);
        if (cpu != null && physical == -1) {
            throw new MemoryAccessException(Reason.NOT_TRANSLATED, address, "virtual address " + Quantity.hex(address)
                    + " is not mapped by the page table that vCPU " + cpu.id + " uses now");
        }
        long offset = machine.memory().offset(physical, 1);
        if (offset < 0) {
            String where = physical == address ? Quantity.hex(address)
                    : Quantity.hex(address) + " (physical " + Quantity.hex(physical) + ")";
            throw new MemoryAccessException(Reason.NOT_RAM, address, where + " is no memory: " + machine.devices()
                    .route(physical).map(a -> "it belongs to device '" + a.device().name() + "', see: device "
                            + machine.name() + " " + a.device().name()).orElse("nothing is there, see: map "
                            + machine.name()));
        }
        return offset;
    }
}
