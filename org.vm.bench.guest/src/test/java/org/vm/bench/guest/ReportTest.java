package org.vm.bench.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReportTest {
    private static final HostDescription HOST = new HostDescription(List.of("a machine"));

    @Test
    void columnsAreAlignedAndNumbersAreOnTheRight() {
        assertEquals("""
                | Program |    s |
                |---------|-----:|
                | a       |  1.5 |
                | longer  | 20.0 |
                """, new Table("Program", "s").row("a", "1.5").row("longer", "20.0").toString());
    }

    @Test
    void aRatioIsQemusTimeDividedByOurs() {
        String report = report(result("mix", 20, 10), result("sha256", 10, 20));
        assertTrue(report.contains("| mix     |   20.0 |   10.0 |        2.00 |   2.00 |      0.00 |"), report);
        assertTrue(report.contains("| sha256  |   10.0 |   20.0 |        0.50 |   0.50 |      0.00 |"), report);
        assertTrue(report.contains("| integer compute | 1.00 |   1.00 |  0.50 |   2.00 | 50 % of it |"), report);
    }

    @Test
    void aTargetIsReachedOrNot() {
        assertEquals("yes", Report.verdict(Group.FLOAT, 3.0, 0.5));
        assertEquals("90 % of it", Report.verdict(Group.FLOAT, 2.7, 2.5));
        assertEquals("yes", Report.verdict(Group.INTEGER, 2.5, 1.0));
        assertEquals("no: one is below 1.00", Report.verdict(Group.INTEGER, 2.5, 0.9));
    }

    @Test
    void theSpeedupOfTwoHartsIsReported() {
        String report = report(result("parallel-1", 20, 30), result("parallel-2", 10, 20));
        assertTrue(report.contains("| 2 harts, 2 host cores | 2.00 | 1.50 |   1.80 | 83 % of it |"), report);
    }

    @Test
    void withoutQemuThereAreNoRatios() {
        Program mix = Program.ALL.getFirst();
        String report = report(new Result(mix, new Series(List.of()), series(4), List.of()));
        assertTrue(report.contains("| mix     |      – |   4.00 |           – |      – |      0.00 |"), report);
        assertFalse(report.contains("## Groups"), report);
    }

    @Test
    void checksumsThatDifferAreSeen() {
        Program mix = Program.ALL.getFirst();
        Measurement other = new Measurement(1, "02", List.of(1L));
        assertEquals(List.of("01", "02"), new Result(mix, series(1), new Series(List.of(other)), List.of()).checks());
        assertEquals(List.of("01"), new Result(mix, series(1), series(2), List.of()).checks());
    }

    @Test
    void failuresAreInTheReport() {
        Program mix = Program.ALL.getFirst();
        String report = report(new Result(mix, series(1), series(2), List.of("mix did not end")));
        assertTrue(report.contains("## Failures\n\n- mix did not end\n"), report);
    }

    @Test
    void theBootIsInTheReport() {
        String report = new Report(HOST, List.of(), Optional.of(new Boots(
                List.of(new Boot(1.5, 2, memory(240)), new Boot(2.5, 3, memory(242))), List.of(new Boot(4, 5, memory(300))),
                List.of(new Boot(3, 4, memory(310))), List.of("it never came up"))), List.of()).toString();
        assertTrue(report.replaceAll(" +", " ").contains("""
                | to Run /init, s | 2.00 | 4.00 | 2.00 | 2.50 | 3.00 | 1.50 | 1.50 |
                | to the prompt, s | 2.50 | 5.00 | 2.00 | – | 4.00 | 1.60 | – |
                | resident then, MiB | 241 | 300 | 1.24 | – | 310 | 1.29 | – |
                | without the guest's RAM, MiB | 141 | 200 | 1.42 | 250 MiB | 210 | 1.49 | 250 MiB |
                """), report);
        assertTrue(report.contains("- it never came up"), report);
    }

    private static ResidentMemory memory(int all) {
        return new ResidentMemory(all, all - 100);
    }

    @Test
    void theGuestsRamIsTheLargeMappingThatCanBeWritten() {
        assertEquals(new ResidentMemory(70, 30), ResidentMemory.parse("""
                752b0000-b5000000 ---p 00000000 00:00 0\s
                Size:            1045824 kB
                Rss:                   0 kB
                e0000000-e0aa0000 rw-p 00000000 00:00 0\s
                Size:              40960 kB
                KernelPageSize:        4 kB
                Rss:               30720 kB
                Pss:               30720 kB
                7fe79fe00000-7fe7bfe0f000 rw-p 00000000 00:00 0\s
                Size:             524348 kB
                Rss:               40960 kB
                """));
    }

    private static String report(Result... results) {
        return new Report(HOST, List.of("3 runs"), Optional.empty(), List.of(results)).toString();
    }

    private static Result result(String name, int qemu, int vmm) {
        return new Result(Program.ALL.stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow(),
                series(qemu), series(vmm), List.of());
    }

    private static Series series(int seconds) {
        long half = seconds * 500_000_000L;
        return new Series(List.of(new Measurement(2 * half, "01", List.of(half, half))));
    }
}
