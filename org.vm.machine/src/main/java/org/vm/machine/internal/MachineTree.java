package org.vm.machine.internal;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.VmConfig;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.CpuArchitecture;
import org.vm.api.device.DeviceTreeContributor;
import org.vm.api.device.DeviceTreeNode;
import org.vm.api.device.DeviceType;
import org.vm.api.irq.InterruptController;
import org.vm.api.irq.MessageSink;
import org.vm.api.machine.DeviceManager.Attachment;

/** The device tree of a machine: what every one has, and a node of each device on the bus that contributes one. */
final class MachineTree {
    private static final Logger LOG = LoggerFactory.getLogger(MachineTree.class);

    private static final int RANDOM_SEED = 48;

    private final VmConfig config;
    private final Board board;
    private final List<Attachment> devices;
    private final boolean builtinFirmware;

    MachineTree(VmConfig config, Board board, List<Attachment> devices, boolean builtinFirmware) {
        this.config = config;
        this.board = board;
        this.devices = devices;
        this.builtinFirmware = builtinFirmware;
    }

    DeviceTree build(CpuArchitecture architecture, List<? extends Cpu> cpus, String append, Optional<Loader.Range> initrd) {
        DeviceTree tree = new DeviceTree(cpus.size(), builtinFirmware);
        DeviceTreeNode root = tree.root().text("compatible", board.compatible()).text("model", board.compatible() + ",vm")
                .cells("#address-cells", 2).cells("#size-cells", 2);
        DeviceTreeNode chosen = root.child("chosen").text("bootargs", append);
        initrd.ifPresent(range -> chosen.cells64("linux,initrd-start", range.start()).cells64("linux,initrd-end", range.end()));
        byte[] seed = new byte[RANDOM_SEED];
        new SecureRandom().nextBytes(seed);
        chosen.bytes("rng-seed", seed);
        root.child("memory@" + Long.toHexString(board.ramBase())).text("device_type", "memory")
                .cells64("reg", board.ramBase(), config.memoryBytes());
        cpus(tree, architecture, cpus);
        devices(tree, chosen);
        return tree;
    }

    private void cpus(DeviceTree tree, CpuArchitecture architecture, List<? extends Cpu> cpus) {
        DeviceTreeNode parent = tree.root().child("cpus").cells("#address-cells", 1).cells("#size-cells", 0)
                .cells("timebase-frequency", (int) Board.TIMEBASE);
        for (Cpu cpu : cpus) {
            DeviceTreeNode node = tree.cpu(cpu.id).text("device_type", "cpu").cells("reg", cpu.id).text("status", "okay");
            architecture.describe(cpu, node);
        }
        DeviceTreeNode cluster = parent.child("cpu-map").child("cluster0");
        for (Cpu cpu : cpus) {
            cluster.child("core" + cpu.id).cells("cpu", tree.cpu(cpu.id).phandle());
        }
    }

    private void devices(DeviceTree tree, DeviceTreeNode chosen) {
        DeviceTreeNode root = tree.root();
        DeviceTreeNode soc = root.child("soc").cells("#address-cells", 2).cells("#size-cells", 2)
                .text("compatible", "simple-bus").flag("ranges");
        for (Attachment attachment : devices) {
            if (attachment.device() instanceof InterruptController controller) {
                tree.interruptController(node(soc, attachment), controller::specifier);
                break;
            }
        }
        devices.stream().filter(d -> d.device() instanceof MessageSink && d.device() instanceof DeviceTreeContributor).findFirst()
                .ifPresent(d -> tree.messageController(node(soc, d)));
        boolean console = false;
        for (Attachment attachment : devices) {
            if (attachment.device() instanceof DeviceTreeContributor contributor) {
                DeviceTreeNode node = node(soc, attachment).cells64("reg", attachment.base(), attachment.device().size());
                int[] interrupt = node.interrupt(attachment.irq());
                if (attachment.irq() > 0 && interrupt.length > 0) {
                    node.cells("interrupts", Arrays.copyOfRange(interrupt, 1, interrupt.length))
                            .cells("interrupt-parent", interrupt[0]);
                }
                describe(contributor, attachment, node);
                if (attachment.device().type() == DeviceType.SERIAL && !console) {
                    console = true;
                    chosen.text("stdout-path", node.path());
                    root.child("aliases").text("serial0", node.path());
                }
            }
        }
    }

    private static void describe(DeviceTreeContributor contributor, Attachment attachment, DeviceTreeNode node) {
        try {
            contributor.describe(node);
        } catch (RuntimeException | LinkageError e) {
            LOG.warn("device '{}' failed to describe itself; the guest will not find it", attachment.device().name(), e);
        }
    }

    private static DeviceTreeNode node(DeviceTreeNode soc, Attachment attachment) {
        String name = attachment.device() instanceof DeviceTreeContributor c ? c.nodeName() : attachment.device().name();
        return soc.child(name + "@" + Long.toHexString(attachment.base()));
    }
}
