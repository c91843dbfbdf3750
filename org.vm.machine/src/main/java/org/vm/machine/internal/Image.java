package org.vm.machine.internal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.vm.api.ConfigurationException;

/** Something to load: a file, or bytes. */
public sealed interface Image {
    /** For messages. */
    String description();

    /** Why it cannot be loaded, in one sentence. */
    Optional<String> missing();

    /** The contents, for as long as {@code arena} lives. */
    MemorySegment contents(Arena arena);

    static Image of(Path file) {
        return new FromFile(file);
    }

    static Image of(String description, byte[] bytes) {
        return new FromBytes(description, bytes);
    }

    record FromFile(Path file) implements Image {
        @Override
        public String description() {
            return file.toString();
        }

        @Override
        public Optional<String> missing() {
            if (!Files.exists(file)) {
                return Optional.of("file " + file + " does not exist");
            }
            return Files.isRegularFile(file) && Files.isReadable(file) ? Optional.empty()
                    : Optional.of("file " + file + " cannot be read");
        }

        @Override
        public MemorySegment contents(Arena arena) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            } catch (IOException e) {
                throw new ConfigurationException("file " + file + " cannot be read: " + e.getMessage(), e);
            }
        }
    }

    record FromBytes(String description, byte[] bytes) implements Image {
        @Override
        public Optional<String> missing() {
            return Optional.empty();
        }

        @Override
        public MemorySegment contents(Arena arena) {
            return MemorySegment.ofArray(bytes).asReadOnly();
        }
    }
}
