package org.vm.backend.block.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.vm.api.ConfigurationException;
import org.vm.api.backend.BlockBackend;
import org.vm.api.backend.BlockBackendFactory;
import org.vm.api.backend.StorageMove;
import org.vm.api.backend.StorageMover;
import org.vm.api.machine.MachineManager;
import org.vm.api.replace.BundleReplacer;

/** Opens the image or makes the RAM disk that a disk's own configuration names, and moves what it has opened. */
@Component(property = "kind=local")
public final class LocalStorage implements BlockBackendFactory, StorageMover {
    private static final int REMEMBERED = 20;

    /** By machine and name of their disk. */
    private final Map<String, MovableStorage> disks = new ConcurrentSkipListMap<>();
    private final List<StorageMove> moves = new ArrayList<>();
    private volatile MachineManager machines;
    private volatile BundleReplacer replacer;

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
    public void bindMachines(MachineManager manager) {
        machines = manager;
    }

    void unbindMachines(MachineManager manager) {
        if (machines == manager) {
            machines = null;
        }
    }

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
    void bindReplacer(BundleReplacer service) {
        replacer = service;
    }

    void unbindReplacer(BundleReplacer service) {
        if (replacer == service) {
            replacer = null;
        }
    }

    /** A disk that is there twice, because its bundle is being replaced, has one storage. */
    @Override
    public BlockBackend open(Map<String, ?> properties) {
        String vm = text(properties, "vm");
        if (vm.isEmpty()) {
            return storage(properties);
        }
        String key = vm + "/" + name(properties);
        MovableStorage there = disks.get(key);
        if (there != null && there.current().isNamedBy(properties) && there.share()) {
            return there;
        }
        MovableStorage disk = new MovableStorage(Opened.of(storage(properties), properties), closing -> disks.remove(key, closing));
        disks.put(key, disk);
        return disk;
    }

    private BlockBackend storage(Map<String, ?> properties) {
        String file = text(properties, "file");
        String ram = text(properties, "ram");
        if (file.isEmpty() == ram.isEmpty()) {
            throw new ConfigurationException("a disk needs " + (file.isEmpty() ? "storage" : "one storage, not two")
                    + ": give either file=PATH or ram=SIZE");
        }
        return file.isEmpty() ? ramDisk(ByteSize.parse(ram), text(properties, "vm"), name(properties))
                : image(Path.of(file), Boolean.parseBoolean(text(properties, "readOnly")), text(properties, "size"));
    }

    private BlockBackend ramDisk(long size, String vm, String disk) {
        return new RamDiskBackend(size, Keepsake.of(() -> Optional.ofNullable(replacer), vm, disk, "memory"));
    }

    private static BlockBackend image(Path path, boolean readOnly, String size) {
        FileBlockBackend image = new FileBlockBackend(path, readOnly);
        try {
            image.grow(size);
            return image;
        } catch (IOException | ConfigurationException e) {
            try {
                image.close();
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e instanceof ConfigurationException known ? known
                    : new ConfigurationException("image '" + path + "' cannot be made larger: " + e.getMessage(), e);
        }
    }

    @Override
    public StorageMove move(String vm, String disk, Map<String, ?> to) {
        MovableStorage storage = disks.get(vm + "/" + disk);
        if (storage == null) {
            throw new ConfigurationException("machine '" + vm + "' has no disk '" + disk + "' that can be moved, which is one with a file or RAM of its own; "
                    + "there are: "
                    + (disks.isEmpty() ? "none" : String.join(", ", disks.keySet())));
        }
        storage.requireStill(disk);
        if (storage.readOnly()) {
            throw new ConfigurationException("disk '" + disk + "' is read-only, so its file can be copied as it is; "
                    + "change the disk's file then");
        }
        Move.Target target = target(vm, disk, storage.size(), to);
        try {
            long room = target.storage().storage().size();
            if (room < storage.size()) {
                throw new ConfigurationException(target.storage().storage().description() + " has " + room
                        + " bytes, too few for the " + storage.size() + " bytes of disk '" + disk + "'; give it a size");
            }
            StorageMove move = storage.move(vm, disk, target, settings -> configure(vm, disk, settings));
            remember(move);
            return move;
        } catch (ConfigurationException e) {
            giveUp(target, e);
            throw e;
        }
    }

    private Move.Target target(String vm, String disk, long size, Map<String, ?> to) {
        String file = text(to, "file");
        if (file.isEmpty() != to.containsKey("ram")) {
            throw new ConfigurationException("where to? give either file=PATH or ram");
        }
        Map<String, Object> settings = new HashMap<>(Map.of("vm", vm, "name", disk, "file", file, "size", text(to, "size")));
        if (file.isEmpty()) {
            settings.put("ram", text(to, "ram").isEmpty() ? Long.toString(size) : text(to, "ram"));
            return new Move.Target(Opened.of(storage(settings), settings), true, Optional.empty());
        }
        Path path = Path.of(file);
        boolean there = Files.exists(path);
        if (there && !Boolean.parseBoolean(text(to, "overwrite"))) {
            throw new ConfigurationException("file '" + path + "' is there already; name a new one, or say that it may be "
                    + "overwritten");
        }
        if (there) {
            return new Move.Target(Opened.of(storage(settings), settings), false, Optional.empty());
        }
        try {
            Files.createFile(path);
            FileBlockBackend image = new FileBlockBackend(path, false);
            Move.Target target = new Move.Target(Opened.of(image, settings), true, Optional.of(path));
            try {
                image.grow(text(to, "size").isEmpty() ? Long.toString(size) : text(to, "size"));
            } catch (IOException | ConfigurationException e) {
                giveUp(target, e);
                throw e;
            }
            return target;
        } catch (IOException e) {
            throw new ConfigurationException("file '" + path + "' cannot be made: " + e, e);
        }
    }

    private static void giveUp(Move.Target target, Exception because) {
        try {
            target.storage().storage().close();
            if (target.created().isPresent()) {
                Files.deleteIfExists(target.created().get());
            }
        } catch (IOException e) {
            because.addSuppressed(e);
        }
    }

    private void configure(String vm, String disk, Map<String, String> settings) {
        MachineManager manager = machines;
        if (manager == null) {
            throw new ConfigurationException("the configuration of disk '" + disk + "' cannot be changed, because machines are"
                    + " not managed here");
        }
        manager.changeDevice(vm, disk, Map.copyOf(settings));
    }

    private void remember(StorageMove move) {
        synchronized (moves) {
            moves.add(move);
            if (moves.size() > REMEMBERED) {
                moves.removeIf(old -> moves.size() > REMEMBERED && old.ended().toCompletableFuture().isDone());
            }
        }
    }

    @Override
    public List<StorageMove> moves() {
        synchronized (moves) {
            return List.copyOf(moves);
        }
    }

    /** The name of the disk: as configured, else what follows {@code ~} in the PID of its factory configuration. */
    private static String name(Map<String, ?> properties) {
        String name = text(properties, "name");
        String pid = text(properties, "service.pid");
        return name.isEmpty() ? pid.substring(pid.lastIndexOf('~') + 1) : name;
    }

    static String text(Map<String, ?> properties, String key) {
        Object value = properties.get(key);
        return value == null ? "" : value.toString().strip();
    }
}
