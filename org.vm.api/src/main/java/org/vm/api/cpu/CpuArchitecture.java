package org.vm.api.cpu;

import java.util.List;
import org.vm.api.GuestArch;
import org.vm.api.device.DeviceTreeNode;
import org.vm.api.isa.InstructionExtension;
import org.vm.api.isa.InstructionSet;
import org.vm.api.mmu.Mmu;

/** Service of an instruction-set bundle: makes the CPUs of its architecture. */
public interface CpuArchitecture {
    GuestArch architecture();

    /**
     * @param extensions instructions that other bundles bring
     * @throws org.vm.api.InvalidInstructionException if encodings conflict; names both
     */
    InstructionSet instructionSet(List<InstructionExtension> extensions);

    /** A CPU in its reset state. */
    Cpu cpu(int id, InstructionSet instructionSet, Mmu mmu, CpuPlatform platform);

    /**
     * Prepares a CPU that was reset to enter a kernel (built-in firmware: S-mode, argument registers set, secondary CPUs
     * stopped) or firmware (M-mode, all CPUs).
     *
     * @param entry      first instruction
     * @param deviceTree physical address of the flattened device tree
     */
    void boot(Cpu cpu, long entry, long deviceTree);

    /** Contributes the CPU's node to {@code /cpus}: ISA string, MMU type, local interrupt controller. */
    void describe(Cpu cpu, DeviceTreeNode node);
}
