package org.vm.machine.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.vm.api.ConfigurationException;

/**
 * What a machine has built in, as data.
 *
 * @param parts  components that every such machine has, one line each
 * @param places where devices go that ask for no place, in this order
 * @param window addresses for such devices that are larger than a place
 */
public record Board(String name, String compatible, long romBase, long romSize, long ramBase, long kernelOffset,
        List<Part> parts, List<Place> places, Place window) {

    /** Ticks a second of the time counter. */
    public static final long TIMEBASE = 10_000_000;

    /**
     * @param kind factory PID
     * @param base physical address, or -1 if it is not on the bus
     * @param irq  interrupt source, 0: none
     */
    public record Part(String kind, String name, long base, int irq, Map<String, String> properties) {
        boolean device() {
            return base >= 0;
        }
    }

    /** @param irq interrupt source that belongs to the place; for a window: the first one of those that may be chosen */
    public record Place(long base, long size, int irq) {}

    /** The board of that name. */
    public static Board named(String name) {
        return switch (name) {
            case "virt" -> virt();
            case "virt-aclint" -> virtAclint();
            default -> throw new ConfigurationException("there is no board '" + name + "'; there are 'virt' and 'virt-aclint'");
        };
    }

    /** The platform that virtual RISC-V firmware and kernels are written for. {@code $vm} is the machine's name. */
    public static Board virt() {
        return virt("virt", List.of(part("org.vm.device.riscv.clint", "clint", 0x0200_0000, 0, Map.of())));
    }

    /** The same with an ACLINT, whose parts are devices of their own, in place of the CLINT. */
    public static Board virtAclint() {
        return virt("virt-aclint", List.of(
                part("org.vm.device.riscv.swi", "mswi", 0x0200_0000, 0, Map.of()),
                part("org.vm.device.riscv.mtimer", "mtimer", 0x0200_4000, 0, Map.of()),
                part("org.vm.device.riscv.swi", "sswi", 0x02f0_0000, 0, Map.of("supervisor", "true"))));
    }

    private static Board virt(String name, List<Part> timers) {
        List<Part> parts = new ArrayList<>(timers);
        parts.addAll(List.of(
                part("org.vm.backend.console", "serial0", -1, 0, Map.of()),
                part("org.vm.device.riscv.syscon", "test", 0x0010_0000, 0, Map.of()),
                part("org.vm.device.riscv.rtc", "rtc", 0x0010_1000, 11, Map.of()),
                part("org.vm.device.riscv.plic", "plic", 0x0c00_0000, 0, Map.of()),
                part("org.vm.device.pci.host", "pci", 0x3000_0000, 0, Map.of()),
                part("org.vm.device.riscv.uart", "uart", 0x1000_0000, 10,
                        Map.of("console.target", "(&(vm=$vm)(name=serial0))"))));
        List<Place> places = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            places.add(new Place(0x1000_1000L + i * 0x1000L, 0x1000, 1 + i));
        }
        // More of them, past the sources that the platform gives to the serial port and the clock.
        for (int i = 0; i < 20; i++) {
            places.add(new Place(0x1000_9000L + i * 0x1000L, 0x1000, 12 + i));
        }
        return new Board(name, "riscv-virtio", 0x1000, 0xf000, 0x8000_0000L, 0x20_0000, parts, places,
                new Place(0x0400_0000, 0x0200_0000, 64));
    }

    private static Part part(String kind, String name, long base, int irq, Map<String, String> properties) {
        return new Part(kind, name, base, irq, properties);
    }
}
