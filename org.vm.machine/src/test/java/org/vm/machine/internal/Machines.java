package org.vm.machine.internal;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vm.api.VmConfig;
import org.vm.api.bus.Bus;
import org.vm.api.memory.GuestMemory;
import org.vm.api.mmu.Mmu;
import org.vm.api.mmu.MmuFactory;

/** Machines without real memory management or instructions, for tests of their life. */
final class Machines {
    static final MmuFactory MMUS = new MmuFactory() {
        @Override
        public GuestMemory memory(List<GuestMemory.Region> regions) {
            return new FakeMemory(regions);
        }

        @Override
        public Mmu mmu(GuestMemory memory, Bus bus, int tlbEntries) {
            return (Mmu) Proxy.newProxyInstance(Mmu.class.getClassLoader(), new Class<?>[] {Mmu.class}, (p, m, a) -> null);
        }
    };

    private Machines() {}

    /** A board whose one built-in device is {@code controller}. */
    static Board board() {
        Board virt = Board.virt();
        return new Board("test", "test", virt.romBase(), virt.romSize(), virt.ramBase(), virt.kernelOffset(),
                List.of(new Board.Part("test.controller", "controller", 0x0c00_0000, 0, Map.of())), virt.places(),
                virt.window());
    }

    static Boot kernel() {
        return new Boot(Optional.of(Image.of("test kernel", new byte[] {1, 2, 3, 4})), Optional.empty(), Optional.empty(),
                "console=ttyS0");
    }

    static VirtualMachine machine(int vcpus, FakeArchitecture.Program program) {
        VirtualMachine machine = new VirtualMachine(VmConfig.riscv64("test").withMemory(8 << 20).withVcpus(vcpus), board(),
                kernel(), MMUS, new FakeArchitecture(program), List.of());
        machine.devices().register(new FakeController("controller"), 0x0c00_0000, 0);
        return machine;
    }
}
