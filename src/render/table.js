for(const t of document.querySelectorAll(".pve [data-n]")){
  delete t.dataset.n;
  const e=n=>document.createElement(n),b=t.tBodies[0],H=[...t.tHead.rows[0].cells],
    gap=b.querySelectorAll("[data-gap]"),R=[...b.rows].filter(r=>!r.dataset.gap),N=R.length,f=e("input"),o=e("output");
  f.type="search";
  f.placeholder=f.ariaLabel=`filter ${N} rows`;
  f.oninput=()=>{
    const W=f.value.toLowerCase().split(/\s+/),
      n=R.filter(r=>!(r.hidden=!W.every(w=>r.textContent.toLowerCase().includes(w)))).length;
    o.value=n<N?` ${n} of ${N}`:"";
    if(t.tFoot)t.tFoot.hidden=n<N};
  t.parentNode.before(f,o);
  H.map((h,i)=>{
    let k=e("button"),up,v=r=>(n=>n?+n:r.cells[i].textContent)(r.cells[i].dataset.v);
    k.append(...h.childNodes);
    h.append(k);
    k.title="Sort";
    k.onclick=()=>{
      up=h.ariaSort?-up:1;
      H.map(o=>o.ariaSort=null);
      h.ariaSort=up>0?"ascending":"descending";
      R.sort((x,y)=>(x=v(x),y=v(y),x===+x?y===+y?(x-y)*up:-1:y===+y?1:up*x.localeCompare(y,[],{numeric:1})));
      b.append(...R,...gap)}})}
