package org.vm.engine.jit.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.cpu.CodeProfile;

class RememberedRegionsTest {
    private static final CodeProfile NOTHING = new CodeProfile() {
        @Override
        public long entries(long pc) {
            return 0;
        }

        @Override
        public long[] targets(long pc) {
            return new long[0];
        }
    };

    @TempDir
    Path folder;

    private static RegionProfile profile(int number, long executed) {
        return new RegionProfile(RegionProfile.Mark.of(number * 2L, 1, number, number >> 16), executed, List.of(
                new RegionProfile.Block(0, 100 + number, new long[0]),
                new RegionProfile.Block(-40, 7, new long[] {8, -1L << 40})));
    }

    private static RegionProfile.Mark mark(int number) {
        return profile(number, 0).mark();
    }

    @Test
    void whatIsWrittenIsReadInTheNextRun() {
        Path file = folder.resolve("below/regions");
        RememberedRegions.in(file).remember(List.of(profile(1, 500), profile(2, 600)));
        RememberedRegions next = RememberedRegions.in(file);
        RegionProfile read = next.find(mark(2));
        assertEquals(600, read.executed());
        assertEquals(102, read.at(0x1000, NOTHING).entries(0x1000));
        assertEquals(7, read.at(0x1000, NOTHING).entries(0x1000 - 40));
        assertArrayEquals(new long[] {0x1008, 0x1000 - (1L << 40)}, read.at(0x1000, NOTHING).targets(0x1000 - 40));
    }

    @Test
    void whatIsSeenNowCountsMoreThanWhatWasSeenThen() {
        CodeProfile now = new CodeProfile() {
            @Override
            public long entries(long pc) {
                return 5000;
            }

            @Override
            public long[] targets(long pc) {
                return new long[] {4};
            }
        };
        CodeProfile both = profile(1, 0).at(0, now);
        assertEquals(5000, both.entries(0));
        assertArrayEquals(new long[] {4}, both.targets(-40));
    }

    @Test
    void runsAddToWhatOthersHaveWritten() {
        Path file = folder.resolve("regions");
        RememberedRegions one = RememberedRegions.in(file);
        RememberedRegions other = RememberedRegions.in(file);
        one.remember(List.of(profile(1, 800)));
        other.remember(List.of(profile(2, 100)));
        RememberedRegions next = RememberedRegions.in(file);
        assertEquals(400, next.find(mark(1)).executed());
        assertEquals(100, next.find(mark(2)).executed());
    }

    @Test
    void whatRanLeastIsForgotten() {
        Path file = folder.resolve("regions");
        List<RegionProfile> many = new ArrayList<>();
        for (int i = 0; i < RememberedRegions.MOST + 100; i++) {
            many.add(profile(i, i));
        }
        RememberedRegions.in(file).remember(many);
        RememberedRegions next = RememberedRegions.in(file);
        assertEquals(null, next.find(mark(99)));
        assertEquals(100, next.find(mark(100)).executed());
    }

    @Test
    void aFileThatIsNoneIsNotReadAndReplaced() throws IOException {
        Path file = folder.resolve("regions");
        Random random = new Random(1);
        RememberedRegions.in(file).remember(List.of(profile(1, 1), profile(2, 2), profile(3, 3)));
        byte[] good = Files.readAllBytes(file);
        for (int i = 0; i < 2000; i++) {
            byte[] bad = good.clone();
            if (i % 3 == 0) {
                random.nextBytes(bad);
            } else if (i % 3 == 1) {
                bad = java.util.Arrays.copyOf(bad, random.nextInt(bad.length));
            } else {
                bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
            }
            Files.write(file, bad);
            RememberedRegions.in(file);
        }
        Files.writeString(file, "not of ours");
        RememberedRegions.in(file).remember(List.of(profile(4, 4)));
        assertEquals(4, RememberedRegions.in(file).find(mark(4)).executed());
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(file), left.toList());
        }
    }

    @Test
    void aFolderThatCannotBeWrittenCostsNothingElse() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "").resolve("regions");
        RememberedRegions nowhere = RememberedRegions.in(file);
        nowhere.remember(List.of(profile(1, 1)));
        assertTrue(Files.isRegularFile(folder.resolve("file")));
    }
}
