package org.vm.backend.block.internal;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
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

/**
 * A raw image file. Guest RAM goes to the channel as it is. Flushed data survives a kill of the monitor and, as far as
 * the host's storage keeps its word, a power failure. The file is locked, so that nobody else writes it meanwhile.
 */
@Component(service = BlockBackend.class, configurationPid = "org.vm.backend.block.file",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = FileBlockBackend.Config.class, factory = true)
public final class FileBlockBackend implements AdjustableBackend {
    @ObjectClassDefinition(name = "Image file", description = "Storage that outlives the device in front of it; a disk "
            + "names it by backend.target=(name=NAME). For a disk of its own, file=PATH in the disk's configuration is enough.")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "What disks call it.")
        String name();

        @AttributeDefinition(name = "File", description = "Path of a raw image.")
        String file();

        @AttributeDefinition(name = "Read-only", description = "Open the file read-only.")
        boolean readOnly() default false;

        @AttributeDefinition(name = "Size", description = "Makes the file larger if it is smaller, also while it is in use; "
                + "empty: it stays as it is.", required = false)
        String size() default "";
    }

    /** ByteBuffers are int-sized; also bounds one system call. */
    private static final int PIECE = 1 << 30;
    /** Where readers put their locks: beyond any data, so that they collide with a writer's lock only. */
    private static final long READER_LOCKS = 1L << 61;

    private final Path path;
    private final boolean readOnly;
    private final FileChannel channel;
    private final ByteBuffer zeroes = ByteBuffer.allocateDirect(64 << 10).asReadOnlyBuffer();

    @Activate
    public FileBlockBackend(Config config) throws IOException {
        this(Path.of(config.file()), config.readOnly());
        grow(config.size());
    }

    @Modified
    void change(Config config, Map<String, Object> properties) throws IOException {
        if (!adjust(properties)) {
            throw new ConfigurationException("storage '" + config.name() + "' stays with image '" + path
                    + "'; for another one delete its configuration and write a new one");
        }
    }

    /** @throws ConfigurationException if the file cannot be opened or is in use */
    public FileBlockBackend(Path path, boolean readOnly) {
        this.path = path;
        this.readOnly = readOnly;
        if (!Files.isRegularFile(path)) {
            throw new ConfigurationException("image '" + path.toAbsolutePath()
                    + (Files.exists(path) ? "' is not a regular file" : "' does not exist; create it first"));
        }
        try {
            channel = FileChannel.open(path, readOnly ? Set.of(StandardOpenOption.READ)
                    : Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE));
        } catch (IOException e) {
            throw new ConfigurationException("image '" + path + "' cannot be opened for "
                    + (readOnly ? "reading" : "writing; open it read-only or change its permissions") + ": " + e, e);
        }
        try {
            lock();
        } catch (IOException | ConfigurationException e) {
            try {
                channel.close();
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e instanceof ConfigurationException known ? known
                    : new ConfigurationException("image '" + path + "' cannot be locked: " + e, e);
        }
    }

    private void lock() throws IOException {
        try {
            FileLock lock = readOnly
                    ? channel.tryLock(READER_LOCKS + ThreadLocalRandom.current().nextLong(READER_LOCKS), 1, true)
                    : channel.tryLock();
            if (lock != null) {
                return;
            }
        } catch (OverlappingFileLockException e) {
            throw new ConfigurationException(inUse("this container"), e);
        }
        throw new ConfigurationException(inUse("another process"));
    }

    private String inUse(String by) {
        return "image '" + path + "' is in use by " + by + (readOnly
                ? ", which writes it; stop that first"
                : "; two machines must not write one image: stop the other one, open it read-only in both, or copy it");
    }

    @Override
    public String description() {
        return "file " + path;
    }

    @Override
    public long size() {
        try {
            return channel.size();
        } catch (IOException e) {
            throw new IllegalStateException("the size of image '" + path + "' cannot be read", e);
        }
    }

    @Override
    public boolean adjust(Map<String, ?> properties) throws IOException {
        if (!Path.of(LocalStorage.text(properties, "file")).equals(path)
                || Boolean.parseBoolean(LocalStorage.text(properties, "readOnly")) != readOnly) {
            return false;
        }
        grow(LocalStorage.text(properties, "size"));
        return true;
    }

    /** Makes the file larger if it is smaller than that; nothing if there is no size. */
    void grow(String size) throws IOException {
        long bytes = size.isBlank() ? 0 : ByteSize.parse(size);
        synchronized (zeroes) {
            if (bytes <= channel.size()) {
                return;
            }
            if (readOnly) {
                throw new ConfigurationException("image '" + path + "' is read-only and cannot be made larger");
            }
            // The last byte, where there is none yet; what is before it takes no room.
            channel.write(ByteBuffer.allocate(1), bytes - 1);
        }
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long offset, List<MemorySegment> into) throws IOException {
        long position = offset;
        for (MemorySegment segment : into) {
            for (long done = 0; done < segment.byteSize();) {
                int read = channel.read(piece(segment, done), position);
                if (read < 0) {
                    throw new IOException("image '" + path + "' ends at " + channel.size() + ", before " + position);
                }
                done += read;
                position += read;
            }
        }
    }

    @Override
    public void write(long offset, List<MemorySegment> from) throws IOException {
        long position = offset;
        for (MemorySegment segment : from) {
            for (long done = 0; done < segment.byteSize();) {
                int written = channel.write(piece(segment, done), position);
                done += written;
                position += written;
            }
        }
    }

    private static ByteBuffer piece(MemorySegment segment, long from) {
        return segment.asSlice(from, Math.min(segment.byteSize() - from, PIECE)).asByteBuffer();
    }

    @Override
    public void flush() throws IOException {
        if (!readOnly) {
            channel.force(false);
        }
    }

    /** Java has no way to punch a hole into a file: the data stays. */
    @Override
    public void discard(long offset, long length) {}

    @Override
    public void writeZeroes(long offset, long length, boolean unmap) throws IOException {
        ByteBuffer source = zeroes.duplicate();
        for (long done = 0; done < length;) {
            source.clear().limit((int) Math.min(length - done, source.capacity()));
            done += channel.write(source, offset + done);
        }
    }

    @Deactivate
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
