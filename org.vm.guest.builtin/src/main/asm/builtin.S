# The built-in guest: a supervisor-mode program that shows what the machine has, checks it, and obeys a few commands
# on the serial port. It ends by itself when its input ends (byte 0x04). Loaded like a Linux Image: a0 = hart,
# a1 = device tree; firmware calls as in the RISC-V SBI specification 2.0.

        .org 0x80200000

# ---- Image header (Linux: Documentation/arch/riscv/boot-image-header.rst) -------------------------------------------
image:
        j       start
        .balign 8
        .dword  0x200000                # text_offset
        .dword  image_end - image       # image_size
        .dword  0                       # flags: little-endian
        .word   2                       # version 0.2
        .word   0
        .dword  0
        .ascii  "RISCV"
        .byte   0, 0, 0
        .ascii  "RSC"
        .byte   5
        .word   0

# ---- Entry ----------------------------------------------------------------------------------------------------------
# s0 = variables, s1 = UART base, s2 = PLIC context registers, s3 = number of failed checks
start:
        la      sp, stack_top
        la      s0, variables
        sd      a0, 0(s0)               # boot hart
        sd      a1, 8(s0)               # device tree
        li      s1, 0x10000000
        li      s3, 0
        csrw    sie, zero
        la      t0, trap
        csrw    stvec, t0
        call    read_device_tree
        call    uart_start
        la      a0, text_banner
        call    puts
        call    show_info
        call    run_checks
        la      a0, text_help
        call    puts

prompt:
        la      a0, text_prompt
        call    puts
        call    read_line               # a0 = length, or -1 at the end of the input
        bltz    a0, finish
        beqz    a0, prompt
        la      s4, commands
next_command:
        ld      a1, 0(s4)
        beqz    a1, unknown
        la      a0, line
        call    word_equals
        bnez    a0, found
        addi    s4, s4, 16
        j       next_command
found:
        ld      t0, 8(s4)
        jalr    t0
        j       prompt
unknown:
        la      a0, text_unknown
        call    puts
        la      a0, line
        call    puts
        la      a0, text_newline
        call    puts
        j       prompt

# Powers off; the machine's exit status is 0, or 1 if a check failed.
finish:
        la      a0, text_bye
        call    puts
        beqz    s3, orderly
        li      t0, 0x100000            # syscon finisher: fail, status in the upper half
        li      t1, 0x13333
        sw      t1, 0(t0)
orderly:
        li      a7, 0x53525354          # SRST: shutdown
        li      a6, 0
        li      a0, 0
        li      a1, 0
        ecall
        j       .

command_echo:
        addi    sp, sp, -16
        sd      ra, 0(sp)
        la      a0, line
echo_skip:
        lbu     t0, 0(a0)
        beqz    t0, echo_print
        addi    a0, a0, 1
        li      t1, 32
        bne     t0, t1, echo_skip
echo_print:
        call    puts
        la      a0, text_newline
        call    puts
        ld      ra, 0(sp)
        addi    sp, sp, 16
        ret

command_help:
        la      a0, text_help
        j       puts

# ---- What the machine has -------------------------------------------------------------------------------------------
show_info:
        addi    sp, sp, -16
        sd      ra, 0(sp)
        la      a0, text_harts
        call    puts
        ld      a0, 16(s0)
        call    put_decimal
        la      a0, text_isa
        call    puts
        ld      a0, 24(s0)
        call    puts
        la      a0, text_memory
        call    puts
        ld      a0, 40(s0)
        srli    a0, a0, 20
        call    put_decimal
        la      a0, text_memory_at
        call    puts
        ld      a0, 32(s0)
        call    put_hex
        la      a0, text_devices
        call    puts
        li      a0, 1                   # once more through the tree, printing
        sd      a0, 64(s0)
        call    read_device_tree
        sd      zero, 64(s0)
        ld      ra, 0(sp)
        addi    sp, sp, 16
        ret

# Walks the flattened device tree (Devicetree Specification 0.4, chapter 5): finds harts, memory, UART and PLIC, and
# prints the nodes with a compatible property if variable 64 is set.
# s4 = position, s5 = strings, s6 = name, s7 = compatible, s8 = reg, s9 = interrupts, s10 = device_type, s11 = riscv,isa
read_device_tree:
        addi    sp, sp, -96
        sd      ra, 0(sp)
        sd      s4, 8(sp)
        sd      s5, 16(sp)
        sd      s6, 24(sp)
        sd      s7, 32(sp)
        sd      s8, 40(sp)
        sd      s9, 48(sp)
        sd      s10, 56(sp)
        sd      s11, 64(sp)
        sd      zero, 16(s0)
        ld      t0, 8(s0)
        lwu     a0, 8(t0)
        call    swap32
        add     s4, t0, a0
        lwu     a0, 12(t0)
        call    swap32
        add     s5, t0, a0
        li      s6, 0
tree_token:
        lwu     a0, 0(s4)
        addi    s4, s4, 4
        call    swap32
        li      t0, 1
        beq     a0, t0, tree_begin
        li      t0, 2
        beq     a0, t0, tree_end
        li      t0, 3
        beq     a0, t0, tree_property
        li      t0, 4
        beq     a0, t0, tree_token
        j       tree_done
tree_begin:
        call    node_done
        mv      s6, s4
tree_name:
        lbu     t0, 0(s4)
        addi    s4, s4, 1
        bnez    t0, tree_name
        addi    s4, s4, 3
        andi    s4, s4, -4
        j       tree_token
tree_end:
        call    node_done
        j       tree_token
tree_property:
        lwu     a0, 0(s4)
        call    swap32
        mv      t3, a0                  # length
        lwu     a0, 4(s4)
        call    swap32
        add     t4, s5, a0              # name
        addi    t5, s4, 8               # value
        add     s4, t5, t3
        addi    s4, s4, 3
        andi    s4, s4, -4
        mv      a0, t4
        la      a1, name_compatible
        call    text_equals
        beqz    a0, not_compatible
        mv      s7, t5
not_compatible:
        mv      a0, t4
        la      a1, name_reg
        call    text_equals
        beqz    a0, not_reg
        mv      s8, t5
not_reg:
        mv      a0, t4
        la      a1, name_interrupts
        call    text_equals
        beqz    a0, not_interrupts
        mv      s9, t5
not_interrupts:
        mv      a0, t4
        la      a1, name_device_type
        call    text_equals
        beqz    a0, not_device_type
        mv      s10, t5
not_device_type:
        mv      a0, t4
        la      a1, name_isa
        call    text_equals
        beqz    a0, tree_token
        mv      s11, t5
        j       tree_token
tree_done:
        ld      ra, 0(sp)
        ld      s4, 8(sp)
        ld      s5, 16(sp)
        ld      s6, 24(sp)
        ld      s7, 32(sp)
        ld      s8, 40(sp)
        ld      s9, 48(sp)
        ld      s10, 56(sp)
        ld      s11, 64(sp)
        addi    sp, sp, 96
        ret

# The properties of the node in s6 are complete: remember and print what matters, then forget them.
node_done:
        addi    sp, sp, -16
        sd      ra, 0(sp)
        beqz    s6, node_clear
        beqz    s10, node_device
        mv      a0, s10
        la      a1, name_cpu
        call    text_equals
        beqz    a0, node_memory
        ld      t0, 16(s0)
        addi    t0, t0, 1
        sd      t0, 16(s0)
        sd      s11, 24(s0)
        j       node_clear
node_memory:
        mv      a0, s10
        la      a1, name_memory
        call    text_equals
        beqz    a0, node_device
        addi    a0, s8, 0
        call    load_be64
        sd      a0, 32(s0)
        addi    a0, s8, 8
        call    load_be64
        sd      a0, 40(s0)
        j       node_clear
node_device:
        beqz    s7, node_clear
        beqz    s8, node_clear
        mv      a0, s7
        la      a1, name_uart
        call    text_equals
        beqz    a0, node_not_uart
        mv      a0, s8
        call    load_be64
        mv      s1, a0
        beqz    s9, node_not_uart
        lwu     a0, 0(s9)
        call    swap32
        sd      a0, 48(s0)              # interrupt source of the UART
node_not_uart:
        mv      a0, s7
        la      a1, name_plic
        call    text_equals
        beqz    a0, node_print
        mv      a0, s8
        call    load_be64
        sd      a0, 56(s0)
node_print:
        ld      t0, 64(s0)
        beqz    t0, node_clear
        la      a0, text_indent
        call    puts
        mv      a0, s8
        call    load_be64
        call    put_hex
        la      a0, text_indent
        call    puts
        mv      a0, s7
        call    puts
        la      a0, text_newline
        call    puts
node_clear:
        li      s6, 0
        li      s7, 0
        li      s8, 0
        li      s9, 0
        li      s10, 0
        li      s11, 0
        ld      ra, 0(sp)
        addi    sp, sp, 16
        ret

# ---- Checks ---------------------------------------------------------------------------------------------------------
run_checks:
        addi    sp, sp, -32
        sd      ra, 0(sp)
        sd      s4, 8(sp)
        li      s3, 0
        la      s4, checks
each_check:
        ld      a0, 0(s4)
        beqz    a0, checks_done
        call    puts
        ld      t0, 8(s4)
        jalr    t0
        beqz    a0, check_failed
        la      a0, text_ok
        call    puts
        j       check_next
check_failed:
        addi    s3, s3, 1
        la      a0, text_failed
        call    puts
check_next:
        addi    s4, s4, 16
        j       each_check
checks_done:
        ld      ra, 0(sp)
        ld      s4, 8(sp)
        addi    sp, sp, 32
        ret

# Each check returns 1 in a0 if all is well.

# 64-bit multiply and divide, and the corner cases that the manual defines.
check_arithmetic:
        li      t0, 0x123456789abcdef
        li      t1, 0xfedcba987654321
        mul     t2, t0, t1
        mulhu   t3, t0, t1
        divu    t4, t2, t1
        li      t5, 0x22236d88fe5618cf
        bne     t2, t5, fail
        li      t5, 0x121fa00ad77d74
        bne     t3, t5, fail
        li      t0, -1
        div     t2, t0, zero
        bne     t2, t0, fail
        rem     t2, t1, zero
        bne     t2, t1, fail
        li      t1, 1
        slli    t1, t1, 63
        div     t2, t1, t0
        bne     t2, t1, fail
        j       pass

# One divided by three is inexact, and says so.
check_floating_point:
        li      t0, 0x2000
        csrs    sstatus, t0             # FS = Initial
        csrw    fflags, zero
        li      t0, 1
        fcvt.d.l ft0, t0
        li      t0, 3
        fcvt.d.l ft1, t0
        fdiv.d  ft2, ft0, ft1
        fmv.x.d t1, ft2
        li      t2, 0x3fd5555555555555
        bne     t1, t2, fail
        csrr    t3, fflags
        li      t4, 1
        bne     t3, t4, fail
        j       pass

check_atomics:
        la      t0, cell
        li      t1, 40
        sd      t1, 0(t0)
        li      t2, 2
        amoadd.d t3, t2, (t0)
        bne     t3, t1, fail
atomics_again:
        lr.d    t3, (t0)
        addi    t3, t3, 1
        sc.d    t4, t3, (t0)
        bnez    t4, atomics_again
        ld      t3, 0(t0)
        li      t4, 43
        bne     t3, t4, fail
        j       pass

check_misaligned:
        la      t0, cell
        li      t1, 0x1122334455667788
        sd      t1, 3(t0)
        ld      t2, 3(t0)
        bne     t1, t2, fail
        lwu     t2, 5(t0)
        li      t3, 0x33445566
        bne     t2, t3, fail
        j       pass

# Writes a function that returns 7, runs it, changes it to return 42, runs it again.
check_self_modifying:
        addi    sp, sp, -16
        sd      ra, 0(sp)
        la      t5, cell
        li      t1, 0x00700513          # li a0, 7
        sw      t1, 0(t5)
        li      t1, 0x00008067          # ret
        sw      t1, 4(t5)
        fence.i
        jalr    t5
        li      t1, 7
        bne     a0, t1, self_modifying_failed
        la      t5, cell
        li      t1, 0x02a00513          # li a0, 42
        sw      t1, 0(t5)
        fence.i
        jalr    t5
        li      t1, 42
        bne     a0, t1, self_modifying_failed
        ld      ra, 0(sp)
        addi    sp, sp, 16
        j       pass
self_modifying_failed:
        ld      ra, 0(sp)
        addi    sp, sp, 16
        j       fail

# Sv39: one gigabyte page maps this code, another maps it a second time; then an address without a page faults.
check_paging:
        la      t0, page_table
        li      t1, 0x200000cf          # 0x80000000: valid, read, write, execute, accessed, dirty
        sd      t1, 16(t0)
        sd      t1, 24(t0)              # 0xc0000000 is the same gigabyte
        li      t1, 0x000000c7          # 0x00000000: devices
        sd      t1, 0(t0)
        srli    t2, t0, 12
        li      t1, 8
        slli    t1, t1, 60
        or      t2, t2, t1
        la      t0, cell
        li      t3, 0x5eed
        sd      t3, 0(t0)
        csrw    satp, t2
        sfence.vma
        li      t1, 0x40000000
        add     t0, t0, t1
        ld      t4, 0(t0)               # the alias
        sd      zero, 72(s0)            # cause of the trap
        li      t0, 1
        sd      t0, 80(s0)              # a trap is expected: skip the instruction
        slli    t0, t0, 37
        ld      t5, 0(t0)
        sd      zero, 80(s0)
        csrw    satp, zero
        sfence.vma
        bne     t3, t4, fail
        ld      t0, 72(s0)
        li      t1, 13                  # load page fault
        bne     t0, t1, fail
        ld      t0, 88(s0)
        li      t1, 1
        slli    t1, t1, 37
        bne     t0, t1, fail            # stval
        j       pass

# A timer interrupt 2 ms from now.
check_timer:
        sd      zero, 96(s0)
        rdtime  t0
        li      t1, 20000
        add     a0, t0, t1
        li      a7, 0x54494d45          # TIME: set_timer
        li      a6, 0
        ecall
        li      t0, 0x20
        csrw    sie, t0                 # this interrupt alone
        csrsi   sstatus, 2
timer_wait:
        pause
        ld      t0, 96(s0)
        beqz    t0, timer_wait
        csrci   sstatus, 2
        j       pass

# Starts every other hart; each adds 1 to 1000 to one cell by atomic additions. The sum is complete.
check_harts:
        addi    sp, sp, -32
        sd      ra, 0(sp)
        sd      s5, 8(sp)
        sd      s6, 16(sp)
        la      t0, cell
        sd      zero, 0(t0)
        sd      zero, 8(t0)
        li      s5, 0                   # hart
        li      s6, 0                   # started
harts_start:
        ld      t0, 16(s0)
        bgeu    s5, t0, harts_wait
        ld      t0, 0(s0)
        beq     s5, t0, harts_next
        mv      a0, s5
        la      a1, hart_entry
        slli    a2, s5, 12
        la      t0, hart_stacks
        add     a2, a2, t0
        li      a7, 0x48534d            # HSM: hart_start
        li      a6, 0
        ecall
        bnez    a0, harts_next
        addi    s6, s6, 1
harts_next:
        addi    s5, s5, 1
        j       harts_start
harts_wait:
        la      t0, cell
harts_spin:
        pause
        ld      t1, 8(t0)
        bne     t1, s6, harts_spin
        fence
        ld      t1, 0(t0)
        li      t2, 500500
        mul     t2, t2, s6
        mv      t3, s6
        ld      ra, 0(sp)
        ld      s5, 8(sp)
        ld      s6, 16(sp)
        addi    sp, sp, 32
        bne     t1, t2, fail
        j       pass

# a1 = opaque (a stack that it does not need)
hart_entry:
        la      t0, cell
        li      t1, 1000
hart_add:
        amoadd.d zero, t1, (t0)
        addi    t1, t1, -1
        bnez    t1, hart_add
        addi    t2, t0, 8
        li      t1, 1
        amoadd.d.aqrl zero, t1, (t2)
        li      a7, 0x48534d            # HSM: hart_stop
        li      a6, 1
        ecall
        j       .

pass:
        li      a0, 1
        ret
fail:
        li      a0, 0
        ret

# ---- Traps ----------------------------------------------------------------------------------------------------------
# Timer interrupts are counted; an expected exception is recorded and its instruction skipped; others end the run.
        .balign 4
trap:
        addi    sp, sp, -32
        sd      t0, 0(sp)
        sd      t1, 8(sp)
        sd      a0, 16(sp)
        csrr    t0, scause
        bltz    t0, trap_interrupt
        ld      t1, 80(s0)
        beqz    t1, trap_unexpected
        sd      t0, 72(s0)
        csrr    t0, stval
        sd      t0, 88(s0)
        csrr    t0, sepc
        addi    t0, t0, 4
        csrw    sepc, t0
        j       trap_return
trap_interrupt:
        ld      t0, 96(s0)
        addi    t0, t0, 1
        sd      t0, 96(s0)
        li      t0, 0x20
        csrc    sie, t0
trap_return:
        ld      t0, 0(sp)
        ld      t1, 8(sp)
        ld      a0, 16(sp)
        addi    sp, sp, 32
        sret
trap_unexpected:
        la      a0, text_trap
        call    puts
        csrr    a0, scause
        call    put_hex
        la      a0, text_trap_at
        call    puts
        csrr    a0, sepc
        call    put_hex
        la      a0, text_newline
        call    puts
        li      s3, 1
        j       finish

# ---- Serial port (16550A) and PLIC ------------------------------------------------------------------------------------
uart_start:
        li      t0, 1
        sb      t0, 2(s1)               # FCR: FIFOs on
        sb      t0, 1(s1)               # IER: received data
        ld      t1, 48(s0)              # source
        ld      t2, 56(s0)              # PLIC
        slli    t3, t1, 2
        add     t3, t3, t2
        sw      t0, 0(t3)               # priority 1
        ld      t4, 0(s0)               # context of this hart's S-mode: 2 * hart + 1
        slli    t4, t4, 1
        addi    t4, t4, 1
        slli    t5, t4, 7
        add     t5, t5, t2
        li      t6, 0x2000
        add     t5, t5, t6
        srli    t6, t1, 5
        slli    t6, t6, 2
        add     t5, t5, t6
        sll     t6, t0, t1
        sw      t6, 0(t5)               # enable
        slli    t5, t4, 12
        add     s2, t2, t5
        li      t6, 0x200000
        add     s2, s2, t6
        sw      zero, 0(s2)             # threshold
        ret

putc:
        lbu     t0, 5(s1)
        andi    t0, t0, 0x20
        beqz    t0, putc
        sb      a0, 0(s1)
        ret

# a0 = text
puts:
        addi    sp, sp, -16
        sd      ra, 0(sp)
        mv      t1, a0
puts_next:
        lbu     a0, 0(t1)
        beqz    a0, puts_done
        addi    t1, t1, 1
        call    putc
        j       puts_next
puts_done:
        ld      ra, 0(sp)
        addi    sp, sp, 16
        ret

# Waits for a character: wfi until the PLIC has the UART's interrupt, claim, read, complete.
getc:
        lbu     t0, 5(s1)
        andi    t0, t0, 1
        bnez    t0, getc_ready
        li      t0, 0x200
        csrw    sie, t0                 # wakes wfi; sstatus.SIE is off, so it is never taken
        wfi
        lw      t1, 4(s2)               # claim
        beqz    t1, getc
        sw      t1, 4(s2)               # complete; the level stays until the data is read
        j       getc
getc_ready:
        lbu     a0, 0(s1)
        ret

# Reads a line with echo and backspace into `line`. a0 = length, or -1 at the end of the input.
read_line:
        addi    sp, sp, -32
        sd      ra, 0(sp)
        sd      s4, 8(sp)
        sd      s5, 16(sp)
        la      s4, line
        li      s5, 0
read_next:
        call    getc
        li      t0, 4
        bne     a0, t0, read_not_end
        li      s5, -1
        j       read_return
read_not_end:
        li      t0, 13
        beq     a0, t0, read_done
        li      t0, 10
        beq     a0, t0, read_done
        li      t0, 127
        beq     a0, t0, read_backspace
        li      t0, 8
        beq     a0, t0, read_backspace
        li      t0, 32
        bltu    a0, t0, read_next
        li      t0, 120
        bgeu    s5, t0, read_next
        add     t0, s4, s5
        sb      a0, 0(t0)
        addi    s5, s5, 1
        call    putc
        j       read_next
read_backspace:
        beqz    s5, read_next
        addi    s5, s5, -1
        la      a0, text_rubout
        call    puts
        j       read_next
read_done:
        add     t0, s4, s5
        sb      zero, 0(t0)
        la      a0, text_newline
        call    puts
read_return:
        mv      a0, s5
        ld      ra, 0(sp)
        ld      s4, 8(sp)
        ld      s5, 16(sp)
        addi    sp, sp, 32
        ret

# ---- Texts and numbers ------------------------------------------------------------------------------------------------
# a0 = 32 bits big-endian; keeps t0 to t6
swap32:
        rev8    a0, a0
        srli    a0, a0, 32
        ret

# a0 = address, 4-byte aligned
load_be64:
        lwu     a1, 4(a0)
        lwu     a0, 0(a0)
        slli    a1, a1, 32
        or      a0, a0, a1
        rev8    a0, a0
        ret

# a0, a1 = texts; a0 = 1 if equal; keeps t3 to t6
text_equals:
        lbu     t0, 0(a0)
        lbu     t1, 0(a1)
        bne     t0, t1, texts_differ
        addi    a0, a0, 1
        addi    a1, a1, 1
        bnez    t0, text_equals
        li      a0, 1
        ret
texts_differ:
        li      a0, 0
        ret

# a0 = line, a1 = word; a0 = 1 if the line's first word is it
word_equals:
        lbu     t0, 0(a0)
        lbu     t1, 0(a1)
        beqz    t1, word_ends
        bne     t0, t1, texts_differ
        addi    a0, a0, 1
        addi    a1, a1, 1
        j       word_equals
word_ends:
        li      a0, 1
        beqz    t0, word_matches
        li      t1, 32
        bne     t0, t1, texts_differ
word_matches:
        ret

# a0 = number
put_decimal:
        addi    sp, sp, -48
        sd      ra, 0(sp)
        addi    t1, sp, 47
        sb      zero, 0(t1)
        li      t2, 10
decimal_next:
        remu    t3, a0, t2
        divu    a0, a0, t2
        addi    t3, t3, 48
        addi    t1, t1, -1
        sb      t3, 0(t1)
        bnez    a0, decimal_next
        mv      a0, t1
        call    puts
        ld      ra, 0(sp)
        addi    sp, sp, 48
        ret

# a0 = number, printed as 0x and 16 digits
put_hex:
        addi    sp, sp, -32
        sd      ra, 0(sp)
        sd      s4, 8(sp)
        sd      s5, 16(sp)
        mv      s4, a0
        li      s5, 60
        la      a0, text_0x
        call    puts
hex_next:
        srl     a0, s4, s5
        andi    a0, a0, 15
        la      t1, digits
        add     t1, t1, a0
        lbu     a0, 0(t1)
        call    putc
        addi    s5, s5, -4
        bgez    s5, hex_next
        ld      ra, 0(sp)
        ld      s4, 8(sp)
        ld      s5, 16(sp)
        addi    sp, sp, 32
        ret

# ---- Data -------------------------------------------------------------------------------------------------------------
        .balign 8
commands:
        .dword  word_help, command_help
        .dword  word_info, show_info
        .dword  word_check, run_checks
        .dword  word_echo, command_echo
        .dword  word_exit, finish
        .dword  0
checks:
        .dword  check_1, check_arithmetic
        .dword  check_2, check_floating_point
        .dword  check_3, check_atomics
        .dword  check_4, check_misaligned
        .dword  check_5, check_self_modifying
        .dword  check_6, check_paging
        .dword  check_7, check_timer
        .dword  check_8, check_harts
        .dword  0

check_1:        .asciz  "check arithmetic ......... "
check_2:        .asciz  "check floating point ..... "
check_3:        .asciz  "check atomics ............ "
check_4:        .asciz  "check misaligned access .. "
check_5:        .asciz  "check self-modifying code  "
check_6:        .asciz  "check paging ............. "
check_7:        .asciz  "check timer interrupt .... "
check_8:        .asciz  "check other harts ........ "
text_ok:        .asciz  "ok\r\n"
text_failed:    .asciz  "FAILED\r\n"
text_banner:    .asciz  "\r\nThe built-in guest of org.vm\r\n"
text_harts:     .asciz  "harts   "
text_isa:       .asciz  "\r\nisa     "
text_memory:    .asciz  "\r\nmemory  "
text_memory_at: .asciz  " MiB at "
text_devices:   .asciz  "\r\ndevices\r\n"
text_indent:    .asciz  "  "
text_help:      .asciz  "commands: help info check echo exit\r\n"
text_prompt:    .asciz  "> "
text_unknown:   .asciz  "unknown command, try help: "
text_newline:   .asciz  "\r\n"
text_bye:       .asciz  "\r\npower off\r\n"
text_rubout:    .asciz  "\b \b"
text_trap:      .asciz  "\r\nunexpected trap "
text_trap_at:   .asciz  " at "
text_0x:        .asciz  "0x"
digits:         .ascii  "0123456789abcdef"
word_help:      .asciz  "help"
word_info:      .asciz  "info"
word_check:     .asciz  "check"
word_echo:      .asciz  "echo"
word_exit:      .asciz  "exit"
name_compatible:  .asciz "compatible"
name_reg:         .asciz "reg"
name_interrupts:  .asciz "interrupts"
name_device_type: .asciz "device_type"
name_isa:         .asciz "riscv,isa"
name_cpu:         .asciz "cpu"
name_memory:      .asciz "memory"
name_uart:        .asciz "ns16550a"
name_plic:        .asciz "sifive,plic-1.0.0"

        .balign 16
# 0 hart, 8 device tree, 16 harts, 24 isa, 32 memory base, 40 size, 48 UART source, 56 PLIC, 64 print devices,
# 72 cause, 80 trap expected, 88 stval, 96 timer interrupts
variables:      .zero   128
cell:           .zero   32
line:           .zero   128
        .balign 4096
page_table:     .zero   4096
stack:          .zero   8192
stack_top:
hart_stacks:    .zero   16
image_end:
