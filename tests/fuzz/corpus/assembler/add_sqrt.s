.program add_sqrt
.profile ane16
.operator add
.section 24 in 32
.section 25 out 16
.data 24 0 fp16 0 1 2 3 4 5 6 7
.data 24 16 fp16 0 0 2 1 0 11 10 9
.tensor x bar=24 offset=0 format=fp16 w=8 input
.tensor y bar=24 offset=16 format=fp16 w=8 input
.tensor z bar=25 offset=0 format=fp16 w=8 output
dep n=0
task id=0 operator=0
fmt in1=fp16 in2=fp16 out=fp16 mem1=fp16 mem2=fp16 mem=fp16
shape w1=8 h1=1 c1=1 n1=1 w2=8 h2=1 c2=1 n2=1 w=8 h=1 c=1 n=1
ld1 enable=1 sw=2 sh=16 sc=16 sn=16
ld1a bar=24 offset=0
ld2 enable=1 sw=2 sh=16 sc=16 sn=16
ld2a bar=24 offset=16
l2map s1=0 s1h=16 s1c=16 s1n=16 s2=64 s2h=16 s2c=16 s2n=16 r=128 rh=16 rc=16 rn=16
st enable=1 sw=2 sh=16 sc=16 sn=16
sta bar=25 offset=0
pe mode=ew ew=add post=sqrt
run
end
