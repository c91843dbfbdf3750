package org.vm.bench.guest;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MeasurementTest {
    private static final String REPORT = """
            begin
            total 5000000000
            check 00000000000000ff
            round 2000000000
            round 1000000000
            round 1000000000
            round 1000000000
            """;

    @Test
    void aReportHasItsTotalItsChecksumAndItsRounds() {
        Measurement measurement = Measurement.parse(REPORT, 4).orElseThrow();
        assertEquals(5, measurement.seconds());
        assertEquals("00000000000000ff", measurement.check());
        assertEquals(List.of(2_000_000_000L, 1_000_000_000L, 1_000_000_000L, 1_000_000_000L), measurement.rounds());
    }

    @Test
    void carriageReturnsAndOtherLinesDoNotMatter() {
        assertEquals(Measurement.parse(REPORT, 4),
                Measurement.parse("a word\r\n" + REPORT.replace("\n", "\r\n") + "round trip\n", 4));
    }

    @Test
    void whatTheFirstRoundsTakeLongerIsTheWarmUp() {
        Measurement measurement = Measurement.parse(REPORT, 4).orElseThrow();
        assertEquals(1, measurement.steadyRound());
        assertEquals(1, measurement.warmUp());
    }

    @Test
    void aReportThatIsNotWholeIsNone() {
        assertEquals(Optional.empty(), Measurement.parse(REPORT, 5));
        assertEquals(Optional.empty(), Measurement.parse(REPORT.replaceFirst("check.*\n", ""), 4));
        assertEquals(Optional.empty(), Measurement.parse(REPORT.replaceFirst("total.*\n", ""), 4));
        assertEquals(Optional.empty(), Measurement.parse("", 4));
    }

    @Test
    void aGuestWhoseClockRunsWrongIsFound() {
        assertDoesNotThrow(() -> Laboratory.checkClock("x", 20.0, 20.3));
        assertThrows(BenchException.class, () -> Laboratory.checkClock("x", 20.0, 30.0));
        assertThrows(BenchException.class, () -> Laboratory.checkClock("x", 2.0, 1.0));
    }
}
