# docker build -t anesim . && docker run --rm -v "$PWD:/work" anesim run "kind=network name=resnet18"
FROM debian:12-slim AS build
COPY . /anesim
RUN cd /anesim && rm -rf build && scripts/dependencies package && scripts/package --no-test

FROM debian:12-slim
COPY --from=build /anesim/build/package/*.deb /tmp/
RUN apt-get update && apt-get install -y --no-install-recommends /tmp/*.deb && rm -rf /tmp/*.deb /var/lib/apt/lists/*
WORKDIR /work
ENTRYPOINT ["anesim"]
