.program "a \"b\" \x0a"
.section 0 "with blank" 8 ; comment
.data 0 0 hex 00ff # more
.data 0 2 fp16 0x7e00 -0 6e-8
.data 0 6 i8 -128
wait event=3 count=0xffff
