package org.vm.device.pci.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.vm.api.pci.PciBar;
import org.vm.api.pci.PciDescription;

/** CPUs write configuration space, move BARs and switch power, while cards interrupt, come and go. */
class ConcurrencyTest {
    private static final int ROUNDS = 3_000;

    private final FakeMachine machine = new FakeMachine(3);
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final AtomicBoolean done = new AtomicBoolean();

    private static PciDescription description() {
        return FakeCard.plain().bar(0, PciBar.Kind.MEMORY, new FakeCard.Cells(0x1000))
                .bar(2, PciBar.Kind.MEMORY_64, new FakeCard.Cells(0x1000)).msix(2).msi(2);
    }

    private Thread run(Runnable task) {
        return Thread.ofPlatform().start(() -> {
            try {
                task.run();
            } catch (Throwable e) {
                failure.compareAndSet(null, e);
            }
        });
    }

    private void cpu(long seed) {
        Random random = new Random(seed);
        while (!done.get()) {
            int bus = random.nextInt(3);
            int device = bus == 0 ? random.nextInt(5) : 0;
            int register = switch (random.nextInt(4)) {
                case 0 -> 0x10 + 4 * random.nextInt(10);
                case 1 -> Header.COMMAND.offset();
                default -> 0x40 + 4 * random.nextInt(0x20);
            };
            long value = random.nextInt(3) == 0 ? random.nextInt() : random.nextInt(0x8000);
            machine.host.write(bus << 20 | device << 15 | register, 4, value & 0xffff_ffffL);
            machine.load(0x4000_0000L + random.nextInt(0x10) * 0x1000L, 4);
            if (random.nextInt(20) == 0) {
                for (int port = 1; port <= 3; port++) {
                    machine.config(0, port, Header.SECONDARY_BUS, port);
                }
            }
        }
    }

    @Test
    void nothingHangsAndNothingThrows() throws InterruptedException {
        FakeCard fixed = new FakeCard("fixed", description());
        machine.host.plug(fixed, "00:04");
        List<Thread> threads = new ArrayList<>();
        for (int cpu = 0; cpu < 3; cpu++) {
            long seed = cpu;
            threads.add(run(() -> cpu(seed)));
        }
        threads.add(run(() -> {
            while (!done.get()) {
                fixed.context.interrupt().raise();
                fixed.context.send(1);
                fixed.context.interrupt().lower();
            }
        }));
        Thread plugger = run(() -> {
            for (int i = 0; i < ROUNDS; i++) {
                FakeCard card = new FakeCard("card" + i % 2, description());
                machine.host.plug(card, "slot" + (1 + i % 3));
                card.context.interrupt().raise();
                card.context.send(0);
                machine.host.unplug(card);
            }
        });
        plugger.join(TimeUnit.SECONDS.toMillis(60));
        assertFalse(plugger.isAlive(), "plugging hangs");
        done.set(true);
        for (Thread thread : threads) {
            thread.join(TimeUnit.SECONDS.toMillis(20));
            assertFalse(thread.isAlive(), "a CPU hangs");
        }
        assertNull(failure.get(), () -> String.valueOf(failure.get()));
        machine.host.unplug(fixed);
        machine.host.reset();
        for (int source = 32; source < 36; source++) {
            assertFalse(machine.level(source), "source " + source + " is still raised");
        }
        FakeCard last = new FakeCard("last", description());
        machine.host.plug(last, "slot1");
        machine.config(0, 1, Header.SECONDARY_BUS, 1);
        assertEquals(FakeCard.VENDOR, machine.config(1, 0, Header.VENDOR_ID));
        assertTrue(machine.host.refused().isEmpty());
    }
}
