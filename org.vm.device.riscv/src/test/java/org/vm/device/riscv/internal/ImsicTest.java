package org.vm.device.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.Semaphore;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vm.api.ConfigurationException;
import org.vm.api.device.DeviceStatus;
import org.vm.api.irq.InterruptFile;

/** Interrupt files and their pages (AIA 1.0, chapter 3). */
class ImsicTest {
    private static final int S = 9;
    private static final int M = 11;
    private static final int EIDELIVERY = 0x70;
    private static final int EITHRESHOLD = 0x72;
    private static final int EIP = 0x80;
    private static final int EIE = 0xC0;
    private static final long S_PAGES = 0x2800_0000;
    private static final long M_PAGES = 0x2400_0000;

    private final FakeMachine machine = new FakeMachine(2);
    private final Imsic imsic = machine.place(new Imsic("imsic"), S_PAGES);

    private static void write(InterruptFile file, int register, long value) {
        file.modify(register, value, ~value);
    }

    private static void enable(InterruptFile file, int identity) {
        file.modify(EIE + identity / 64 * 2, 1L << identity, 0);
    }

    @Test
    void aStoreToItsPageInterruptsTheHartAtThatLevel() {
        for (int cpu = 0; cpu < 2; cpu++) {
            for (int level : new int[] {S, M}) {
                InterruptFile file = machine.file(cpu, level);
                write(file, EIDELIVERY, 1);
                enable(file, 40);
                machine.store((level == S ? S_PAGES : M_PAGES) + cpu * 0x1000L, 40);
                for (int other = 0; other < 2; other++) {
                    assertEquals(other == cpu && level == S, machine.cpuLevel(other, S));
                    assertEquals(other == cpu && level == M, machine.cpuLevel(other, M));
                }
                assertEquals(40, file.claim());
                assertFalse(machine.cpuLevel(cpu, level));
                assertEquals(0, file.claim());
            }
        }
    }

    @Test
    void aMessageOfADeviceIsAStore() {
        InterruptFile file = machine.file(1, S);
        imsic.message(0x1000, 255);
        assertEquals(1L << 63, file.read(EIP + 6));
        imsic.message(0x1004, 254);
        imsic.message(0x1000, 256);
        imsic.message(0x1000, 0);
        imsic.message(0x1000, -1);
        imsic.message(0x2000, 1);
        imsic.message(-0x1000, 1);
        assertEquals(1L << 63, file.read(EIP + 6));
        assertEquals(0, file.read(EIP));
    }

    @Test
    void onlyWordsAreTakenAndEverythingReadsZero() {
        imsic.write(0, 1, 5);
        imsic.write(0, 2, 5);
        imsic.write(0, 8, 5);
        imsic.write(1, 4, 5);
        imsic.write(4, 4, 5L << 24);
        assertEquals(0, machine.file(0, S).read(EIP));
        imsic.write(0, 4, 5);
        assertEquals(0, imsic.read(0, 4));
        assertEquals(1 << 5, machine.file(0, S).read(EIP));
    }

    @Test
    void theLowestIdentityComesFirstAndTheThresholdMasks() {
        InterruptFile file = machine.file(0, S);
        write(file, EIDELIVERY, 1);
        for (int identity : new int[] {200, 64, 7}) {
            enable(file, identity);
            imsic.message(0, identity);
        }
        assertEquals(7, file.top());
        write(file, EITHRESHOLD, 7);
        assertEquals(0, file.top());
        assertFalse(machine.cpuLevel(0, S));
        write(file, EITHRESHOLD, 8);
        assertTrue(machine.cpuLevel(0, S));
        assertEquals(7, file.claim());
        assertFalse(machine.cpuLevel(0, S));
        write(file, EITHRESHOLD, 0);
        assertEquals(64, file.claim());
        assertEquals(200, file.claim());
        assertFalse(machine.cpuLevel(0, S));
    }

    @Test
    void deliveryDecidesOnTheWireAlone() {
        InterruptFile file = machine.file(0, S);
        enable(file, 1);
        imsic.message(0, 1);
        assertFalse(machine.cpuLevel(0, S));
        assertEquals(1, file.top());
        write(file, EIDELIVERY, 1);
        assertTrue(machine.cpuLevel(0, S));
        write(file, EIDELIVERY, 0x4000_0000);
        assertEquals(1, file.read(EIDELIVERY), "delivery by an APLIC is not supported");
        write(file, EIDELIVERY, 0);
        assertFalse(machine.cpuLevel(0, S));
    }

    @Test
    void bitsThatAreReadAndClearedAreReadAndClearedAtOnce() {
        InterruptFile file = machine.file(0, S);
        write(file, EIP, -1);
        assertEquals(-2, file.read(EIP), "identity 0 does not exist");
        assertEquals(-2, file.modify(EIP, 0, 1 << 3));
        assertEquals(-2 & ~8, file.read(EIP));
        write(file, EIE, -1);
        assertEquals(-2, file.read(EIE));
    }

    @Test
    void whatIsBeyondTheIdentitiesReadsZero() {
        Imsic small = new Imsic("small", 63);
        FakeMachine one = new FakeMachine(1);
        small.attach(one);
        InterruptFile file = one.file(0, S);
        for (int register = 0; register < 0x200; register++) {
            write(file, register, -1);
            long expected = register == EIP || register == EIE ? -2 : register == EITHRESHOLD ? 63 : 0;
            assertEquals(expected, file.read(register), Integer.toHexString(register));
        }
        assertThrows(ConfigurationException.class, () -> new Imsic("odd", 100));
        assertThrows(ConfigurationException.class, () -> new Imsic("large", 2111));
        assertThrows(ConfigurationException.class, () -> new Imsic("none", 0));
    }

    @Test
    void itIsInUseWhileAHartWantsInterrupts() {
        assertEquals(DeviceStatus.ATTACHED, imsic.status());
        write(machine.file(1, M), EIDELIVERY, 1);
        assertEquals(DeviceStatus.ACTIVE, imsic.status());
        write(machine.file(1, M), EIDELIVERY, 0);
        assertEquals(DeviceStatus.ATTACHED, imsic.status());
    }

    @Test
    @Timeout(60)
    void noMessageIsLostBetweenThreads() throws InterruptedException {
        int devices = 4;
        int rounds = 20_000;
        Semaphore raised = new Semaphore(0);
        // As a hart does: awake when its wire goes up, then claiming until nothing is left.
        ImsicFile file = new ImsicFile(63, level -> {
            if (level) {
                raised.release();
            }
        });
        write(file, EIE, -1);
        write(file, EIDELIVERY, 1);
        Semaphore[] served = new Semaphore[devices + 1];
        List<Thread> threads = new ArrayList<>();
        for (int i = 1; i <= devices; i++) {
            int identity = i;
            served[i] = new Semaphore(0);
            threads.add(Thread.startVirtualThread(() -> {
                for (int round = 0; round < rounds; round++) {
                    file.message(identity);
                    served[identity].acquireUninterruptibly();
                }
            }));
        }
        for (int left = devices * rounds; left > 0;) {
            raised.acquire();
            for (int identity = file.claim(); identity != 0; identity = file.claim()) {
                served[identity].release();
                left--;
            }
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(0, file.read(EIP));
    }

    @Test
    void aResetAndADetachLeaveNothing() {
        InterruptFile file = machine.file(0, S);
        write(file, EIDELIVERY, 1);
        enable(file, 1);
        imsic.message(0, 1);
        assertTrue(imsic.info().get("hart0.S").contains("on, enabled: 1, pending: 1, messages: 1"), imsic.info().toString());
        imsic.reset();
        assertFalse(machine.cpuLevel(0, S));
        assertEquals(0, file.read(EIDELIVERY) | file.read(EIP) | file.read(EIE));
        assertNotNull(machine.find(M_PAGES));
        write(file, EIDELIVERY, 1);
        enable(file, 1);
        imsic.message(0, 1);
        imsic.detach();
        assertFalse(machine.cpuLevel(0, S));
        assertNull(machine.file(0, S));
        assertNull(machine.find(M_PAGES));
        imsic.message(0, 1);
        imsic.attach(machine);
        assertEquals(0, machine.file(0, S).read(EIP));
    }

    enum Kind { MESSAGE, SET, CLEAR, CLAIM, DELIVER, THRESHOLD }

    record Action(Kind kind, boolean enable, int identity, long value) {}

    @Provide
    Arbitrary<List<Action>> actions() {
        return Combinators.combine(Arbitraries.of(Kind.class), Arbitraries.of(true, false),
                Arbitraries.integers().between(-3, 140), Arbitraries.longs()).as(Action::new).list().ofMaxSize(200);
    }

    /** Against a model that is the specification's text and nothing else. */
    @Property(tries = 300)
    void aFileBehavesAsTheSpecificationSays(@ForAll("actions") List<Action> actions) {
        boolean[] wire = new boolean[1];
        ImsicFile file = new ImsicFile(127, level -> wire[0] = level);
        BitSet pending = new BitSet();
        BitSet enabled = new BitSet();
        boolean delivers = false;
        int threshold = 0;
        for (Action action : actions) {
            int identity = action.identity();
            BitSet bits = action.enable() ? enabled : pending;
            int register = (action.enable() ? EIE : EIP) + (identity < 64 ? 0 : identity < 128 ? 2 : 4);
            switch (action.kind()) {
                case MESSAGE -> {
                    file.message(identity);
                    if (identity >= 1 && identity <= 127) {
                        pending.set(identity);
                    }
                }
                case SET, CLEAR -> {
                    boolean set = action.kind() == Kind.SET;
                    long before = file.modify(register, set ? action.value() : 0, set ? 0 : action.value());
                    for (int i = 0; i < 64; i++) {
                        int number = (register & 0x3F) * 32 + i;
                        boolean exists = number >= 1 && number <= 127;
                        assertEquals(exists && bits.get(number), (before >>> i & 1) != 0);
                        if (exists && (action.value() >>> i & 1) != 0) {
                            bits.set(number, set);
                        }
                    }
                }
                case CLAIM -> {
                    int top = top(pending, enabled, threshold);
                    assertEquals(top, file.claim());
                    pending.clear(top);
                }
                case DELIVER -> {
                    delivers = action.enable();
                    write(file, EIDELIVERY, delivers ? 1 : 0);
                }
                case THRESHOLD -> {
                    threshold = identity & 127;
                    write(file, EITHRESHOLD, identity);
                }
            }
            assertEquals(top(pending, enabled, threshold), file.top());
            assertEquals(delivers && file.top() != 0, wire[0]);
        }
    }

    private static int top(BitSet pending, BitSet enabled, int threshold) {
        for (int identity = 1; identity <= 127; identity++) {
            if (pending.get(identity) && enabled.get(identity) && (threshold == 0 || identity < threshold)) {
                return identity;
            }
        }
        return 0;
    }
}
