package org.vm.machine.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.vm.api.DeviceException;
import org.vm.api.InvalidAddressException;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceHost;
import org.vm.api.device.DeviceStatus;
import org.vm.api.irq.InterruptLine;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.machine.DeviceManager;
import org.vm.api.memory.GuestMemory.Region;
import org.vm.api.machine.DeviceManager.Attachment;

class DeviceRegistryTest {
    private final PhysicalBus bus = new PhysicalBus(new FakeMemory(List.of(new Region("ram", 0x8000_0000L, 0x10000, 0, true))));
    private final DeviceRegistry registry = new DeviceRegistry("test", Machines.board(), bus, FakeContext::new, Runnable::run, () -> { });

    /** Nothing but lines. */
    private record FakeContext(org.vm.api.irq.InterruptLine interrupt, IntFunction<org.vm.api.irq.InterruptLine> sources)
            implements DeviceContext {
        @Override
        public String machine() {
            return "test";
        }

        @Override
        public org.vm.api.memory.GuestMemory memory() {
            throw new UnsupportedOperationException();
        }

        @Override
        public org.vm.api.time.MachineClock clock() {
            throw new UnsupportedOperationException();
        }

        @Override
        public org.vm.api.irq.InterruptLine interrupt(int source) {
            return sources.apply(source);
        }

        @Override
        public org.vm.api.bus.Bus bus() {
            throw new UnsupportedOperationException();
        }

        @Override
        public org.vm.api.irq.InterruptLine cpuLine(int cpu, int number) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean running() {
            return true;
        }

        @Override
        public int cpus() {
            return 1;
        }

        @Override
        public java.util.concurrent.Executor workers() {
            return Runnable::run;
        }

        @Override
        public void powerOff(int status) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void resetMachine() {
            throw new UnsupportedOperationException();
        }

        @Override
        public long timebase() {
            return 1;
        }
    }

    @Test
    void devicesWithoutAPlaceGetTheBoardsPlacesInOrder() {
        Attachment first = registry.register(new FakeDevice("disk0", 0x200), -1, -1);
        Attachment second = registry.register(new FakeDevice("disk1", 0x200), -1, -1);
        assertEquals(0x1000_1000L, first.base());
        assertEquals(1, first.irq());
        assertEquals(0x1000_2000L, second.base());
        assertEquals(2, second.irq());
        registry.unregister("disk0", false);
        assertEquals(0x1000_1000L, registry.register(new FakeDevice("disk2", 0x200), -1, -1).base());
    }

    @Test
    void aDeviceAtOneOfTheBoardsPlacesGetsItsInterrupt() {
        assertEquals(5, registry.register(new FakeDevice("disk", 0x200), 0x1000_5000L, -1).irq());
        assertEquals(0, registry.register(new FakeDevice("none", 0x200), 0x1000_6000L, 0).irq());
    }

    @Test
    void largeDevicesGoToTheWindow() {
        Attachment big = registry.register(new FakeDevice("frame", 0x30_0000), -1, -1);
        assertEquals(0, big.base() % 0x40_0000);
        assertTrue(big.base() >= 0x0400_0000 && big.irq() >= 64);
        assertThrows(InvalidAddressException.class, () -> registry.register(new FakeDevice("huge", 1L << 40), -1, -1));
    }

    @Test
    void aRefusedDeviceIsKeptWithTheReasonAndTriedAgainWhenThereIsRoom() {
        FakeDevice first = new FakeDevice("first", 0x100);
        FakeDevice second = new FakeDevice("second", 0x100);
        registry.offer(first, 0x5000, 0);
        registry.offer(second, 0x5080, 0);
        assertEquals(1, registry.refusals().size());
        String why = registry.refusals().getFirst().reason();
        assertTrue(why.contains("'first'") && why.contains("'second'"), why);
        assertEquals(0, second.attached.get());
        registry.withdraw(first);
        assertEquals(List.of(), registry.refusals());
        assertSame(second, registry.route(0x5080).orElseThrow().device());
    }

    @Test
    void twoDevicesCannotHaveOneName() {
        registry.register(new FakeDevice("disk", 0x100), -1, -1);
        var e = assertThrows(DeviceException.class, () -> registry.register(new FakeDevice("disk", 0x100), -1, -1));
        assertTrue(e.getMessage().contains("'disk'"), e.getMessage());
    }

    @Test
    void aDeviceThatThrowsWhenAttachedHarmsNothing() {
        FakeController controller = new FakeController("controller");
        registry.register(controller, 0x0c00_0000, 0);
        FakeDevice broken = new FakeDevice("broken", 0x100) {
            @Override
            public void attach(DeviceContext given) {
                given.interrupt().raise();
                throw new IllegalStateException("no such file");
            }
        };
        registry.offer(broken, 0x5000, 9);
        assertFalse(controller.levels[9]);
        assertTrue(registry.refusals().getFirst().reason().contains("no such file"));
        assertTrue(registry.route(0x5000).isEmpty());
        registry.offer(new FakeDevice("good", 0x100), 0x5000, 9);
        assertEquals(1, registry.refusals().size());
        registry.withdraw(broken);
        assertEquals(0, broken.detached.get());
    }

    @Test
    void aDeviceInUseIsNotUnregisteredUnlessForced() {
        FakeDevice device = new FakeDevice("disk", 0x100);
        registry.register(device, -1, -1);
        device.status = DeviceStatus.ACTIVE;
        assertThrows(DeviceException.class, () -> registry.unregister("disk", false));
        assertTrue(registry.find("disk").isPresent());
        registry.unregister("disk", true);
        assertTrue(registry.find("disk").isEmpty());
        assertThrows(DeviceException.class, () -> registry.unregister("disk", true));
    }

    @Test
    void linesGoToWhicheverControllerIsThere() {
        FakeDevice device = new FakeDevice("disk", 0x100);
        registry.register(device, -1, 7);
        device.context.interrupt().raise();
        FakeController first = new FakeController("first");
        registry.register(first, 0x0c00_0000, 0);
        assertTrue(first.levels[7]);
        FakeController second = new FakeController("second");
        registry.register(second, 0x0d00_0000, 0);
        assertFalse(second.levels[7]);
        registry.unregister("first", true);
        assertFalse(first.levels[7]);
        assertTrue(second.levels[7]);
        registry.unregister("disk", true);
        assertFalse(second.levels[7]);
    }

    @Test
    void aBridgeCanRaiseAnySourceAndSharesItsWire() {
        FakeDevice bridge = new FakeDevice("bridge", 0x100);
        registry.register(bridge, -1, 0);
        InterruptLine one = bridge.context.interrupt(33);
        InterruptLine two = bridge.context.interrupt(33);
        one.raise();
        FakeController controller = new FakeController("controller");
        registry.register(controller, 0x0c00_0000, 0);
        assertTrue(controller.levels[33]);
        two.raise();
        one.lower();
        assertTrue(controller.levels[33]);
        two.lower();
        assertFalse(controller.levels[33]);
    }

    @Test
    void whatIsPluggedIntoABusAndWhatThatRefusesIsListed() {
        FakeDevice card = new FakeDevice("card", 0x100);
        final class Bridge extends FakeDevice implements DeviceHost {
            Bridge() {
                super("bridge", 0x100);
            }

            @Override
            public List<Plugged> plugged() {
                return List.of(new Plugged(card, "slot1"));
            }

            @Override
            public Map<Integer, List<String>> interruptOwners() {
                return Map.of(33, List.of("slot1 (card)"), 34, List.of("slot2 (empty)"));
            }

            @Override
            public Optional<HotplugManager> hotplug() {
                return Optional.empty();
            }

            @Override
            public Map<String, String> refused() {
                return Map.of("other", "there is no slot2");
            }
        }
        registry.register(new Bridge(), -1, 0);
        registry.register(new FakeDevice("neighbour", 0x100), -1, 33);
        assertEquals(List.of(new DeviceHost.Plugged(card, "slot1")), registry.plugged());
        assertEquals(List.of(new DeviceManager.Refusal("other", "there is no slot2")), registry.refusals());
        assertEquals(Map.of(33, List.of("neighbour", "slot1 (card)"), 34, List.of("slot2 (empty)")), registry.interruptOwners());
    }

    @Test
    void aSharedLineIsUpWhileOneOfItsDevicesRaisesIt() {
        FakeController controller = new FakeController("controller");
        registry.register(controller, 0x0c00_0000, 0);
        FakeDevice a = new FakeDevice("a", 0x100);
        FakeDevice b = new FakeDevice("b", 0x100);
        registry.register(a, -1, 3);
        registry.register(b, -1, 3);
        a.context.interrupt().raise();
        b.context.interrupt().raise();
        a.context.interrupt().lower();
        assertTrue(controller.levels[3]);
        b.context.interrupt().lower();
        assertFalse(controller.levels[3]);
    }

    @Test
    void whoeverIsInTheWayOfTheBoardsOwnDeviceMakesRoomAndIsRefused() {
        registry.offer(new FakeDevice("early", 0x1000), 0x0c00_0000, 0);
        registry.offer(new FakeDevice("beside", 0x1000), 0x0d00_0000, 0);
        registry.offer(new FakeController("controller"), 0x0c00_0000, 0);
        assertEquals(List.of("controller", "beside"), registry.attachments().stream().map(a -> a.device().name()).toList());
        String reason = registry.refusals().getFirst().reason();
        assertTrue(reason.contains("'early'") && reason.contains("'controller'"), reason);
    }
}
