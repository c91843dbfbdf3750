package org.vm.engine.jit.internal;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.GuestTrap;

/**
 * Profiles of regions that earlier runs had, in a file: what was hot then is translated early now. A file that cannot be
 * read, or not be written, costs that and nothing else. Any thread.
 */
final class RememberedRegions {
    /** Remembers nothing. */
    static final RememberedRegions NONE = new RememberedRegions(null, Map.of());

    private static final Logger LOG = LoggerFactory.getLogger(RememberedRegions.class);
    private static final int FORMAT = 0x766d_7232;
    /** Regions kept, those that ran most; a boot with some programs has hundreds. */
    static final int MOST = 4096;
    private static final int MOST_BLOCKS = 4096;
    private static final int MOST_TARGETS = 256;

    private final Path file;
    private volatile Map<RegionProfile.Mark, RegionProfile> profiles;

    private RememberedRegions(Path file, Map<RegionProfile.Mark, RegionProfile> profiles) {
        this.file = file;
        this.profiles = profiles;
    }

    /** What {@code file} has, which need not exist. */
    static RememberedRegions in(Path file) {
        return new RememberedRegions(file, read(file));
    }

    /** What is known of code at {@code pc}, in the CPU's address space and context; {@code null} if nothing is. */
    RegionProfile find(Cpu cpu, long pc) {
        if (profiles.isEmpty() || (pc & RegionProfile.PAGE_SIZE - 1) == RegionProfile.PAGE_SIZE - 2) {
            return null;
        }
        try {
            return find(RegionProfile.Mark.of(pc, cpu.context(), cpu.mmu.fetch16(pc), cpu.mmu.fetch16(pc + 2)));
        } catch (GuestTrap notMapped) {
            return null;
        }
    }

    RegionProfile find(RegionProfile.Mark mark) {
        return profiles.get(mark);
    }

    /** Adds what ran now to what other runs have written meanwhile; what did not run again counts half. */
    synchronized void remember(Collection<RegionProfile> now) {
        if (file == null || now.isEmpty()) {
            return;
        }
        Map<RegionProfile.Mark, RegionProfile> all = new HashMap<>();
        read(file).forEach((mark, profile) -> all.put(mark, profile.after(profile.executed() / 2)));
        now.forEach(profile -> all.merge(profile.mark(), profile, (a, b) -> a.executed() > b.executed() ? a : b));
        List<RegionProfile> kept = new ArrayList<>(all.values());
        kept.sort(Comparator.comparingLong(RegionProfile::executed).reversed());
        write(kept.subList(0, Math.min(kept.size(), MOST)));
        profiles = Map.copyOf(all);
    }

    private void write(List<RegionProfile> kept) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Path written = Files.createTempFile(file.toAbsolutePath().getParent(), file.getFileName().toString(), ".new");
            try {
                try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(new DeflaterOutputStream(
                        Files.newOutputStream(written), new Deflater(Deflater.BEST_SPEED))))) {
                    out.writeInt(FORMAT);
                    out.writeInt(kept.size());
                    for (RegionProfile profile : kept) {
                        write(profile, out);
                    }
                }
                Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(written);
            }
        } catch (IOException e) {
            LOG.warn("hot code is not remembered for the next run: {} cannot be written: {}", file, e.toString());
        }
    }

    private static void write(RegionProfile profile, DataOutputStream out) throws IOException {
        out.writeInt(profile.mark().pageOffset());
        out.writeInt(profile.mark().context());
        out.writeInt(profile.mark().parcels());
        out.writeLong(profile.executed());
        out.writeInt(profile.blocks().size());
        for (RegionProfile.Block block : profile.blocks()) {
            out.writeLong(block.offset());
            out.writeLong(block.entries());
            int targets = Math.min(block.targets().length, MOST_TARGETS);
            out.writeInt(targets);
            for (int i = 0; i < targets; i++) {
                out.writeLong(block.targets()[i]);
            }
        }
    }

    private static Map<RegionProfile.Mark, RegionProfile> read(Path file) {
        Map<RegionProfile.Mark, RegionProfile> profiles = new HashMap<>();
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(new InflaterInputStream(
                Files.newInputStream(file))))) {
            if (in.readInt() != FORMAT) {
                throw new IOException("it is of another version");
            }
            int count = limited(in.readInt(), MOST);
            for (int i = 0; i < count; i++) {
                RegionProfile profile = profile(in);
                profiles.put(profile.mark(), profile);
            }
            return Map.copyOf(profiles);
        } catch (NoSuchFileException first) {
            return Map.of();
        } catch (IOException e) {
            LOG.warn("hot code of earlier runs is not known: {} cannot be read: {}; it will be written anew", file, e.toString());
            return Map.of();
        }
    }

    private static RegionProfile profile(DataInputStream in) throws IOException {
        RegionProfile.Mark mark = new RegionProfile.Mark(in.readInt(), in.readInt(), in.readInt());
        long executed = in.readLong();
        int count = limited(in.readInt(), MOST_BLOCKS);
        List<RegionProfile.Block> blocks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long offset = in.readLong();
            long entries = in.readLong();
            long[] targets = new long[limited(in.readInt(), MOST_TARGETS)];
            for (int t = 0; t < targets.length; t++) {
                targets[t] = in.readLong();
            }
            blocks.add(new RegionProfile.Block(offset, entries, targets));
        }
        return new RegionProfile(mark, executed, List.copyOf(blocks));
    }

    private static int limited(int count, int most) throws IOException {
        if (count < 0 || count > most) {
            throw new IOException("it wants " + count + " of something that there are " + most + " of at most");
        }
        return count;
    }
}
