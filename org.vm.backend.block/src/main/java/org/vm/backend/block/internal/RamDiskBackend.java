package org.vm.backend.block.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.ConfigurationException;
import org.vm.api.backend.AdjustableBackend;
import org.vm.api.backend.BlockBackend;
import org.vm.api.replace.BundleReplacer;

/** Storage in memory that is forgotten in the end; takes room only where it was written. */
@Component(service = BlockBackend.class, configurationPid = "org.vm.backend.block.ram",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = RamDiskBackend.Config.class, factory = true)
public final class RamDiskBackend implements AdjustableBackend {
    @ObjectClassDefinition(name = "RAM disk", description = "Storage in memory; a disk names it by backend.target=(name=NAME), and its "
            + "contents stay when that disk is unplugged.")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "What disks call it.")
        String name();

        @AttributeDefinition(name = "Size", description = "Bytes, or with K, M, G: 64M. It may grow while it is in use.")
        String size();
    }

    private static final int CHUNK = 1 << 20;

    private final Keepsake keepsake;
    private volatile long size;
    /** Chunks that were written; {@code null}: zeroes. A chunk is freed when nobody refers to it. Made under the monitor. */
    private volatile AtomicReferenceArray<MemorySegment> chunks;

    @Activate
    public RamDiskBackend(BundleContext context, Config config) {
        this(ByteSize.parse(config.size()), Keepsake.of(() -> Optional.ofNullable(
                context.getServiceReference(BundleReplacer.class)).map(context::getService), "", "", "memory of " + config.name()));
    }

    public RamDiskBackend(long size) {
        this(size, Keepsake.NONE);
    }

    /** Has the contents that were left for it, if any were. */
    RamDiskBackend(long size, Keepsake keepsake) {
        this.size = size;
        this.keepsake = keepsake;
        AtomicReferenceArray<MemorySegment> empty = new AtomicReferenceArray<>(chunks(size));
        chunks = keepsake.take().map(left -> larger(left, size)).orElse(empty);
    }

    private static int chunks(long size) {
        if (size <= 0 || size / CHUNK >= Integer.MAX_VALUE - 8) {
            throw new ConfigurationException("a RAM disk of " + size + " bytes is not possible");
        }
        return (int) ((size + CHUNK - 1) / CHUNK);
    }

    @Modified
    void change(Config config) {
        grow(ByteSize.parse(config.size()));
    }

    @Override
    public boolean adjust(Map<String, ?> properties) {
        String ram = LocalStorage.text(properties, "ram");
        if (ram.isEmpty()) {
            return false;
        }
        grow(ByteSize.parse(ram));
        return true;
    }

    private synchronized void grow(long bytes) {
        if (bytes < size) {
            throw new ConfigurationException("a RAM disk of " + size + " bytes cannot shrink to " + bytes
                    + "; delete its configuration and write a new one");
        }
        chunks = larger(chunks, bytes);
        size = bytes;
    }

    private static AtomicReferenceArray<MemorySegment> larger(AtomicReferenceArray<MemorySegment> chunks, long bytes) {
        AtomicReferenceArray<MemorySegment> more = new AtomicReferenceArray<>(chunks(bytes));
        for (int i = 0; i < Math.min(chunks.length(), more.length()); i++) {
            more.set(i, chunks.get(i));
        }
        return more;
    }

    @Override
    public String description() {
        return "RAM disk of " + ByteSize.print(size);
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean readOnly() {
        return false;
    }

    @Override
    public void read(long offset, List<MemorySegment> into) {
        long position = offset;
        for (MemorySegment segment : into) {
            for (long done = 0; done < segment.byteSize();) {
                long within = position % CHUNK;
                long step = Math.min(segment.byteSize() - done, CHUNK - within);
                MemorySegment chunk = chunks.get((int) (position / CHUNK));
                if (chunk == null) {
                    segment.asSlice(done, step).fill((byte) 0);
                } else {
                    MemorySegment.copy(chunk, within, segment, done, step);
                }
                done += step;
                position += step;
            }
        }
    }

    @Override
    public void write(long offset, List<MemorySegment> from) {
        long position = offset;
        for (MemorySegment segment : from) {
            for (long done = 0; done < segment.byteSize();) {
                long within = position % CHUNK;
                long step = Math.min(segment.byteSize() - done, CHUNK - within);
                MemorySegment.copy(segment, done, chunk((int) (position / CHUNK)), within, step);
                done += step;
                position += step;
            }
        }
    }

    private MemorySegment chunk(int index) {
        MemorySegment chunk = chunks.get(index);
        if (chunk != null) {
            return chunk;
        }
        synchronized (this) {
            if (chunks.get(index) == null) {
                chunks.set(index, Arena.ofAuto().allocate(CHUNK));
            }
            return chunks.get(index);
        }
    }

    @Override
    public void flush() {}

    @Override
    public void discard(long offset, long length) {
        writeZeroes(offset, length, true);
    }

    @Override
    public void writeZeroes(long offset, long length, boolean unmap) {
        for (long position = offset, end = offset + length; position < end;) {
            int index = (int) (position / CHUNK);
            long within = position % CHUNK;
            long step = Math.min(end - position, CHUNK - within);
            MemorySegment chunk = chunks.get(index);
            if (chunk != null) {
                chunk.asSlice(within, step).fill((byte) 0);
            }
            position += step;
        }
    }

    @Deactivate
    @Override
    public synchronized void close() {
        keepsake.leave(chunks);
        // Whoever still has this disk must not reach what a successor has.
        chunks = new AtomicReferenceArray<>(chunks(size));
    }
}
