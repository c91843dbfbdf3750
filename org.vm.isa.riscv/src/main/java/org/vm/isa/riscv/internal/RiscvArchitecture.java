package org.vm.isa.riscv.internal;

import java.util.List;
import org.osgi.service.component.annotations.Component;
import org.vm.api.GuestArch;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.CpuArchitecture;
import org.vm.api.cpu.CpuPlatform;
import org.vm.api.device.DeviceTreeNode;
import org.vm.api.isa.InstructionExtension;
import org.vm.api.isa.InstructionSet;
import org.vm.api.mmu.Mmu;
import org.vm.isa.Assembler;
import org.vm.isa.riscv.internal.instructions.CacheBlocks;

/** Makes the CPUs of RISC-V machines. */
@Component
public final class RiscvArchitecture implements CpuArchitecture {
    /** An assembler for RV64GC and all extensions, and for these. */
    public static Assembler assembler(InstructionExtension... added) {
        return new Assembler(new RiscvInstructionSet(List.of(added)).table());
    }

    @Override
    public GuestArch architecture() {
        return GuestArch.RISCV64;
    }

    @Override
    public InstructionSet instructionSet(List<InstructionExtension> extensions) {
        return new RiscvInstructionSet(
                extensions.stream().filter(extension -> extension.architecture() == GuestArch.RISCV64).toList());
    }

    @Override
    public Cpu cpu(int id, InstructionSet instructionSet, Mmu mmu, CpuPlatform platform) {
        return new Hart(id, (RiscvInstructionSet) instructionSet, mmu, platform);
    }

    @Override
    public void boot(Cpu cpu, long entry, long deviceTree) {
        Hart hart = (Hart) cpu;
        if (hart.platform.builtinFirmware()) {
            hart.delegateAll();
            hart.start(entry, deviceTree);
            if (hart.id != 0) {
                hart.stop();
            }
        } else {
            hart.registers[Hart.A0] = hart.id;
            hart.registers[Hart.A1] = deviceTree;
            hart.pc = entry;
        }
    }

    /** Devicetree binding {@code riscv/cpus.yaml}. */
    @Override
    public void describe(Cpu cpu, DeviceTreeNode node) {
        List<String> extensions = ((RiscvInstructionSet) cpu.instructionSet())
                .extensions(((Hart) cpu).interrupts.advanced());
        node.text("device_type", "cpu").cells("reg", cpu.id).text("status", "okay").text("compatible", "riscv")
                .text("mmu-type", "riscv,sv57").text("riscv,isa", RiscvInstructionSet.name(extensions)).text("riscv,isa-base", "rv64i")
                .text("riscv,isa-extensions", extensions.toArray(String[]::new))
                .cells("riscv,cbom-block-size", CacheBlocks.BLOCK).cells("riscv,cboz-block-size", CacheBlocks.BLOCK);
        node.child("interrupt-controller").text("compatible", "riscv,cpu-intc").cells("#interrupt-cells", 1)
                .flag("interrupt-controller").cells("phandle", node.cpuInterruptController(cpu.id));
    }
}
