package org.vm.device.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.vm.api.ConfigurationException;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.irq.MessageSink;

/** Domains and delivery of the APLIC (AIA 1.0, chapter 4). */
class AplicTest {
    private static final long S = 0x0d00_0000;
    private static final long M = 0x0c00_0000;
    private static final int DOMAINCFG = 0;
    private static final int IE = 1 << 8;
    private static final int SETIP = 0x1C00;
    private static final int SETIPNUM = 0x1CDC;
    private static final int IN_CLRIP = 0x1D00;
    private static final int CLRIPNUM = 0x1DDC;
    private static final int SETIE = 0x1E00;
    private static final int SETIENUM = 0x1EDC;
    private static final int CLRIE = 0x1F00;
    private static final int CLRIENUM = 0x1FDC;
    private static final int SETIPNUM_LE = 0x2000;
    private static final int GENMSI = 0x3000;
    private static final int DELEGATED = 1 << 10;
    private static final int DETACHED = 1;
    private static final int EDGE1 = 4;
    private static final int EDGE0 = 5;
    private static final int LEVEL1 = 6;
    private static final int LEVEL0 = 7;

    private final FakeMachine machine = new FakeMachine(2);

    private static long sourcecfg(int source) {
        return 4L * source;
    }

    private static long target(int source) {
        return 0x3000 + 4L * source;
    }

    private static long idc(int hart, int register) {
        return 0x4000 + 32L * hart + register;
    }

    private static final int IDELIVERY = 0;
    private static final int IFORCE = 4;
    private static final int ITHRESHOLD = 8;
    private static final int TOPI = 0x18;
    private static final int CLAIMI = 0x1C;

    /** What both kinds of delivery have in common. */
    @Nested
    class Domains {
        private final Aplic aplic = machine.place(new Aplic("aplic", 100, false), S);

        @Test
        void afterAResetAllSourcesAreDelegatedToTheSupervisor() {
            for (int source = 1; source <= 100; source++) {
                assertEquals(DELEGATED, machine.load(M + sourcecfg(source)));
                assertEquals(0, machine.load(S + sourcecfg(source)));
            }
            assertEquals(0x8000_0000, machine.load(M + DOMAINCFG));
            assertEquals(0x8000_0000, machine.load(S + DOMAINCFG));
            assertEquals(0, machine.load(M + sourcecfg(101)));
        }

        @Test
        void aSourceThatIsTakenBackIsGoneFromTheChildWithAllItsState() {
            machine.store(S + sourcecfg(5), EDGE1);
            machine.store(S + target(5), 1 << 18 | 7);
            machine.store(S + SETIENUM, 5);
            machine.store(S + SETIPNUM, 5);
            machine.store(M + sourcecfg(5), EDGE1);
            assertEquals(0, machine.load(S + sourcecfg(5)) | machine.load(S + target(5)) | machine.load(S + SETIE)
                    | machine.load(S + SETIP));
            machine.store(S + sourcecfg(5), EDGE1);
            assertEquals(0, machine.load(S + sourcecfg(5)), "it appears not to be there");
            machine.store(M + SETIENUM, 5);
            assertEquals(1 << 5, machine.load(M + SETIE));
            machine.store(M + sourcecfg(5), DELEGATED);
            assertEquals(0, machine.load(M + SETIE));
            assertEquals(0, machine.load(S + sourcecfg(5)), "still inactive");
            machine.store(S + sourcecfg(5), DETACHED);
            assertEquals(DETACHED, machine.load(S + sourcecfg(5)));
        }

        @Test
        void aDomainWithoutChildrenDelegatesNothingAndReservedModesAreInactive() {
            machine.store(S + sourcecfg(1), LEVEL1);
            machine.store(S + sourcecfg(1), DELEGATED | 3);
            assertEquals(0, machine.load(S + sourcecfg(1)));
            for (int mode : new int[] {2, 3}) {
                machine.store(S + sourcecfg(1), LEVEL1);
                machine.store(S + sourcecfg(1), mode);
                assertEquals(0, machine.load(S + sourcecfg(1)));
            }
            machine.store(M + sourcecfg(1), DELEGATED | 0x3FF);
            assertEquals(DELEGATED, machine.load(M + sourcecfg(1)), "there is one child");
        }

        @Test
        void anInactiveSourceHasNoBits() {
            machine.store(S + SETIENUM, 3);
            machine.store(S + SETIPNUM, 3);
            machine.store(S + SETIE, -1);
            machine.store(S + SETIP, -1);
            machine.store(S + target(3), -1);
            assertEquals(0, machine.load(S + SETIE) | machine.load(S + SETIP) | machine.load(S + target(3)));
        }

        @Test
        void bitsAreSetAndClearedByWordAndByNumber() {
            for (int source : new int[] {1, 31, 32, 100}) {
                machine.store(S + sourcecfg(source), DETACHED);
            }
            machine.store(S + SETIE, -1);
            machine.store(S + SETIENUM, 100);
            assertEquals(1 << 31 | 2, machine.load(S + SETIE));
            assertEquals(1 << 4, machine.load(S + SETIE + 12));
            machine.store(S + CLRIE, 2);
            machine.store(S + CLRIENUM, 31);
            assertEquals(0, machine.load(S + SETIE));
            assertEquals(0, machine.load(S + CLRIE + 12));
            machine.store(S + SETIP + 4, -1);
            machine.store(S + SETIPNUM_LE, 31);
            assertEquals(1, machine.load(S + SETIP + 4));
            assertEquals(1 << 31, machine.load(S + SETIP));
            machine.store(S + IN_CLRIP + 4, 1);
            machine.store(S + CLRIPNUM, 31);
            assertEquals(0, machine.load(S + SETIP) | machine.load(S + SETIP + 4));
            for (int number : new int[] {0, 101, 1023, 1024, -1}) {
                machine.store(S + SETIPNUM, number);
                machine.store(S + SETIENUM, number);
            }
            assertEquals(0, machine.load(S + SETIP + 12));
            for (long register : new long[] {SETIPNUM, CLRIPNUM, SETIENUM, CLRIENUM, SETIPNUM_LE, 0x2004, 0x1C80, 0x1BC0}) {
                assertEquals(0, machine.load(S + register));
            }
        }

        @Test
        void onlyAlignedWordsAreAccesses() {
            aplic.write(DOMAINCFG, 8, IE);
            aplic.write(DOMAINCFG, 2, IE);
            aplic.write(sourcecfg(1) + 2, 4, LEVEL1);
            assertEquals(0x8000_0000, machine.load(S + DOMAINCFG));
            assertEquals(0, machine.load(S + sourcecfg(1)));
            assertEquals(0, aplic.read(DOMAINCFG, 8));
        }

        @Test
        void rectifiedInputsAreWhatAnActiveSourceMakesOfItsWire() {
            int[] modes = {0, DETACHED, EDGE1, EDGE0, LEVEL1, LEVEL0};
            for (int i = 0; i < modes.length; i++) {
                machine.store(S + sourcecfg(i + 1), modes[i]);
            }
            assertEquals(1 << 4 | 1 << 6, machine.load(S + IN_CLRIP));
            for (int i = 1; i <= modes.length; i++) {
                aplic.line(i).raise();
            }
            assertEquals(1 << 3 | 1 << 5, machine.load(S + IN_CLRIP));
        }

        @Test
        void aViewForPeopleShowsTheDomainThatHasTheSource() {
            machine.store(S + sourcecfg(9), EDGE1);
            machine.store(S + target(9), 1 << 18 | 5);
            machine.store(S + SETIENUM, 9);
            aplic.line(9).raise();
            var source = aplic.source(9);
            assertTrue(source.raised() && source.pending() && source.enabled() && !source.serving());
            assertEquals(5, source.priority());
            machine.store(M + sourcecfg(9), EDGE0);
            assertFalse(aplic.source(9).enabled());
            assertArrayEquals(new int[] {9, 4}, aplic.specifier(9));
            assertEquals(DeviceStatus.ATTACHED, aplic.status());
            machine.store(S + DOMAINCFG, IE);
            assertEquals(DeviceStatus.ACTIVE, aplic.status());
            assertTrue(aplic.info().get("M-mode").contains("active: 9"));
            assertThrows(IllegalArgumentException.class, () -> aplic.line(101));
            assertThrows(ConfigurationException.class, () -> new Aplic("large", 1024, false));
        }
    }

    @Nested
    class Wires {
        private final Aplic aplic = machine.place(new Aplic("aplic", 1023, false), S);

        @BeforeEach
        void on() {
            for (int hart = 0; hart < 2; hart++) {
                machine.store(S + idc(hart, IDELIVERY), 1);
            }
            machine.store(S + DOMAINCFG, IE);
        }

        private void source(int number, int mode, int hart, int priority) {
            machine.store(S + sourcecfg(number), mode);
            machine.store(S + target(number), hart << 18 | priority);
            machine.store(S + SETIENUM, number);
        }

        @Test
        void aLevelInterruptsItsHartAsLongAsItIsThere() {
            source(10, LEVEL1, 1, 3);
            aplic.line(10).raise();
            assertTrue(machine.cpuLevel(1, 9));
            assertFalse(machine.cpuLevel(0, 9) || machine.cpuLevel(1, 11));
            assertEquals(10 << 16 | 3, machine.load(S + idc(1, TOPI)));
            assertEquals(10 << 16 | 3, machine.load(S + idc(1, CLAIMI)));
            assertTrue(machine.cpuLevel(1, 9), "a claim does not clear it");
            machine.store(S + CLRIPNUM, 10);
            assertTrue(machine.cpuLevel(1, 9));
            aplic.line(10).lower();
            assertFalse(machine.cpuLevel(1, 9));
            machine.store(S + SETIPNUM, 10);
            assertEquals(0, machine.load(S + SETIP));
            assertEquals(0, machine.load(S + idc(1, CLAIMI)));
            assertEquals(1, aplic.source(10).count());
        }

        @Test
        void anEdgeIsRememberedUntilItIsClaimed() {
            source(10, EDGE1, 0, 1);
            source(11, EDGE0, 0, 1);
            aplic.line(10).raise();
            aplic.line(10).lower();
            aplic.line(11).raise();
            assertEquals(1 << 10, machine.load(S + SETIP));
            aplic.line(11).lower();
            assertEquals(10 << 16 | 1, machine.load(S + idc(0, CLAIMI)));
            assertTrue(machine.cpuLevel(0, 9));
            assertEquals(11 << 16 | 1, machine.load(S + idc(0, CLAIMI)));
            assertFalse(machine.cpuLevel(0, 9));
        }

        @Test
        void theSmallestPriorityNumberComesFirstThenTheSmallestSource() {
            for (int number : new int[] {1023, 40, 8}) {
                source(number, DETACHED, 0, number == 8 ? 200 : 4);
                machine.store(S + SETIPNUM, number);
            }
            machine.store(S + idc(0, ITHRESHOLD), 200);
            assertEquals(40 << 16 | 4, machine.load(S + idc(0, CLAIMI)));
            assertEquals(1023 << 16 | 4, machine.load(S + idc(0, CLAIMI)));
            assertFalse(machine.cpuLevel(0, 9), "the threshold");
            assertEquals(0, machine.load(S + idc(0, CLAIMI)));
            machine.store(S + idc(0, ITHRESHOLD), 0);
            assertEquals(8 << 16 | 200, machine.load(S + idc(0, CLAIMI)));
        }

        @Test
        void aPriorityIsNeverZero() {
            source(8, DETACHED, 0, 0);
            assertEquals(1, machine.load(S + target(8)));
            machine.store(S + target(8), -1);
            assertEquals(0xFFFC_00FF, machine.load(S + target(8)));
            machine.store(S + SETIPNUM, 8);
            assertFalse(machine.cpuLevel(0, 9) || machine.cpuLevel(1, 9), "there is no such hart");
        }

        @Test
        void deliveryNeedsTheDomainAndTheHartToAllowIt() {
            source(8, DETACHED, 0, 1);
            machine.store(S + SETIPNUM, 8);
            assertTrue(machine.cpuLevel(0, 9));
            machine.store(S + DOMAINCFG, 0);
            assertFalse(machine.cpuLevel(0, 9));
            assertEquals(8 << 16 | 1, machine.load(S + idc(0, TOPI)));
            machine.store(S + DOMAINCFG, IE);
            machine.store(S + idc(0, IDELIVERY), 0);
            assertFalse(machine.cpuLevel(0, 9));
            machine.store(S + idc(0, IDELIVERY), 1);
            machine.store(S + CLRIENUM, 8);
            assertFalse(machine.cpuLevel(0, 9));
        }

        @Test
        void aForcedInterruptIsSpuriousAndEndsWithAClaim() {
            machine.store(S + idc(0, IFORCE), 1);
            assertTrue(machine.cpuLevel(0, 9));
            assertEquals(0, machine.load(S + idc(0, CLAIMI)));
            assertEquals(0, machine.load(S + idc(0, IFORCE)));
            assertFalse(machine.cpuLevel(0, 9));
        }

        @Test
        void theRootDomainInterruptsMachineMode() {
            machine.store(M + sourcecfg(4), LEVEL1);
            machine.store(M + target(4), 1);
            machine.store(M + SETIENUM, 4);
            machine.store(M + idc(0, IDELIVERY), 1);
            machine.store(M + DOMAINCFG, IE);
            aplic.line(4).raise();
            assertTrue(machine.cpuLevel(0, 11));
            assertFalse(machine.cpuLevel(0, 9));
            machine.store(M + sourcecfg(4), DELEGATED);
            assertFalse(machine.cpuLevel(0, 11));
            machine.store(S + sourcecfg(4), LEVEL1);
            machine.store(S + SETIENUM, 4);
            assertTrue(machine.cpuLevel(0, 9), "the wire is up already");
        }

        @Test
        void thereAreNoMessages() {
            machine.store(S + GENMSI, 5);
            machine.store(M + 0x1BC4, -1);
            assertEquals(0, machine.load(S + GENMSI) | machine.load(M + 0x1BC4) | machine.load(S + DOMAINCFG) & 4);
            assertEquals(0, machine.load(S + idc(2, IDELIVERY)), "there is no third hart");
        }

        @Test
        void aResetLowersWiresAndADetachTakesTheRootAway() {
            source(10, LEVEL1, 0, 1);
            aplic.line(10).raise();
            aplic.reset();
            assertFalse(machine.cpuLevel(0, 9));
            assertEquals(0, machine.load(S + sourcecfg(10)));
            on();
            source(10, LEVEL1, 0, 1);
            assertTrue(machine.cpuLevel(0, 9));
            aplic.detach();
            assertFalse(machine.cpuLevel(0, 9));
            assertNull(machine.find(M));
        }
    }

    @Nested
    class Messages {
        private final List<String> sent = new ArrayList<>();
        private final Aplic aplic = new Aplic("aplic", 1023, true);

        @BeforeEach
        void on() {
            machine.map(0x2400_0000, new Sink("M"));
            machine.map(0x2800_0000, new Sink("S"));
            machine.place(aplic, S);
            machine.store(S + DOMAINCFG, IE);
        }

        private final class Sink implements MmioDevice, MessageSink {
            private final String name;

            Sink(String name) {
                this.name = name;
            }

            @Override
            public void message(long offset, int data) {
                sent.add("%s+%x=%d".formatted(name, offset, data));
            }

            @Override
            public String name() {
                return name;
            }

            @Override
            public DeviceType type() {
                return DeviceType.INTERRUPT_CONTROLLER;
            }

            @Override
            public DeviceStatus status() {
                return DeviceStatus.ATTACHED;
            }

            @Override
            public Map<String, String> info() {
                return Map.of();
            }

            @Override
            public long size() {
                return 0x40000;
            }

            @Override
            public void attach(DeviceContext context) {
                // Nothing is needed.
            }

            @Override
            public void detach() {
                // As above.
            }

            @Override
            public long read(long offset, int width) {
                return 0;
            }

            @Override
            public void write(long offset, int width, long value) {
                message(offset, (int) value);
            }
        }

        private void source(int number, int mode, int hart, int identity) {
            machine.store(S + sourcecfg(number), mode);
            machine.store(S + target(number), hart << 18 | identity);
            machine.store(S + SETIENUM, number);
        }

        private void expect(String... messages) {
            assertEquals(List.of(messages), sent);
            sent.clear();
        }

        @Test
        void aRisingLevelIsOneMessage() {
            source(10, LEVEL1, 1, 77);
            aplic.line(10).raise();
            expect("S+1000=77");
            assertEquals(0, machine.load(S + SETIP));
            assertEquals(1 << 10, machine.load(S + IN_CLRIP));
            machine.store(S + SETIPNUM, 10);
            expect("S+1000=77");
            aplic.line(10).lower();
            machine.store(S + SETIPNUM, 10);
            expect();
            assertFalse(machine.cpuLevel(1, 9));
            assertEquals(2, aplic.source(10).count());
        }

        @Test
        void aLevelThatGoesBeforeItIsForwardedIsForgottenAndAnEdgeIsNot() {
            source(10, LEVEL1, 0, 1);
            source(11, EDGE1, 0, 2);
            machine.store(S + DOMAINCFG, 0);
            for (int number : new int[] {10, 11}) {
                aplic.line(number).raise();
                aplic.line(number).lower();
            }
            expect();
            machine.store(S + DOMAINCFG, IE);
            expect("S+0=2");
        }

        @Test
        void enablingSendsWhatIsPending() {
            machine.store(S + sourcecfg(10), DETACHED);
            machine.store(S + SETIPNUM, 10);
            machine.store(S + target(10), 3 << 18 | 0x3F << 12 | 0x7FF);
            assertEquals(3 << 18 | 0x7FF, machine.load(S + target(10)), "no guests");
            expect();
            machine.store(S + SETIENUM, 10);
            expect("S+3000=2047");
        }

        @Test
        void theRootDomainSendsToMachineLevel() {
            machine.store(M + sourcecfg(3), EDGE1);
            machine.store(M + target(3), 1 << 18 | 5);
            machine.store(M + SETIENUM, 3);
            machine.store(M + DOMAINCFG, IE);
            aplic.line(3).raise();
            expect("M+1000=5");
        }

        @Test
        void anExtemporeMessageIsSentWhateverIsOff() {
            machine.store(S + DOMAINCFG, 0);
            machine.store(S + GENMSI, 2 << 18 | 1 << 12 | 9);
            expect("S+2000=9");
            assertEquals(2 << 18 | 9, machine.load(S + GENMSI), "not busy");
            machine.store(M + GENMSI, 9);
            expect("M+0=9");
        }

        @Test
        void theAddressesOfMessagesAreLocked() {
            for (int register = 0x1BC0; register <= 0x1BCC; register += 4) {
                machine.store(M + register, -1);
                assertEquals(register == 0x1BC4 ? 0x8000_0000 : 0, machine.load(M + register));
                assertEquals(0, machine.load(S + register));
            }
            machine.store(S + GENMSI, -1);
            expect();
        }

        @Test
        void thereAreNoWires() {
            machine.store(S + idc(0, IDELIVERY), 1);
            machine.store(S + idc(0, IFORCE), 1);
            assertEquals(0, machine.load(S + idc(0, IDELIVERY)));
            assertFalse(machine.cpuLevel(0, 9));
            assertEquals(0x8000_0104, machine.load(S + DOMAINCFG));
            machine.store(S + DOMAINCFG, 0);
            assertEquals(0x8000_0004, machine.load(S + DOMAINCFG));
        }
    }
}
