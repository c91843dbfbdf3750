package org.vm.machine.internal;

import java.util.ArrayList;
import java.util.HashMap;
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

        /** Whether it is in a place on another part's bus. */
        boolean plugged() {
            return properties.containsKey("bus");
        }

        Part with(String key, String value) {
            Map<String, String> more = new HashMap<>(properties);
            more.put(key, value);
            return new Part(kind, name, base, irq, Map.copyOf(more));
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

    /**
     * The same with other settings of its parts.
     *
     * @param settings {@code part.key=value}, as in {@code pci.rootPorts=16}
     */
    public Board with(List<String> settings) {
        List<Part> changed = new ArrayList<>(parts);
        for (String setting : settings) {
            int dot = setting.indexOf('.');
            int equals = setting.indexOf('=');
            if (dot < 1 || equals < dot + 2) {
                throw new ConfigurationException("'%s' is no setting of a part of board '%s'; write part.key=value, as in pci.rootPorts=16"
                        .formatted(setting, name));
            }
            String part = setting.substring(0, dot).strip();
            String key = setting.substring(dot + 1, equals).strip();
            String value = setting.substring(equals + 1).strip();
            if (parts.stream().noneMatch(p -> p.name().equals(part))) {
                throw new ConfigurationException("board '%s' has no part '%s'; it has: %s".formatted(name, part,
                        String.join(", ", parts.stream().map(Part::name).toList())));
            }
            changed.replaceAll(p -> p.name().equals(part) ? p.with(key, value) : p);
        }
        return new Board(name, compatible, romBase, romSize, ramBase, kernelOffset, changed, places, window);
    }

    /**
     * The same with the interrupt controllers of the RISC-V Advanced Interrupt Architecture, at the addresses where virtual
     * platforms have them.
     *
     * @param aia {@code none}: as it is; {@code aplic}: an APLIC for wires; {@code aplic-imsic}: also an IMSIC for messages
     */
    public Board aia(String aia) {
        List<Part> controllers = switch (aia) {
            case "none" -> List.of();
            case "aplic" -> List.of(part("org.vm.device.riscv.aplic", "aplic", 0x0d00_0000, 0, Map.of()));
            case "aplic-imsic" -> List.of(part("org.vm.device.riscv.imsic", "imsic", 0x2800_0000, 0, Map.of()),
                    part("org.vm.device.riscv.aplic", "aplic", 0x0d00_0000, 0, Map.of("messages", "true")));
            default -> throw new ConfigurationException("there is no advanced interrupt architecture '" + aia
                    + "'; there are none, aplic and aplic-imsic");
        };
        if (controllers.isEmpty()) {
            return this;
        }
        List<Part> changed = new ArrayList<>(parts);
        changed.removeIf(part -> part.name().equals("plic"));
        changed.addAll(0, controllers);
        return new Board(name, compatible, romBase, romSize, ramBase, kernelOffset, changed, places, window);
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
                        Map.of("console.target", "(&(vm=$vm)(name=serial0))")),
                // What asks guests to find devices and to let them go, and the port that it does so by.
                part("org.vm.backend.agent", "agent", -1, 0, Map.of()),
                part("org.vm.device.virtio.serial", "ports", -1, 0,
                        Map.of("bus", "00:1f", "ports.target", "(&(vm=$vm)(port=*))"))));
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
